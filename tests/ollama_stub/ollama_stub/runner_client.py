# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking HTTP to a runner on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any


class RunnerGone(Exception):
    """The runner closed the connection, or none could be made."""


class RunnerStatus(Exception):
    """The runner answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class RunnerClient:
    """One runner's HTTP interface."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def health(self) -> str:
        """"ok" or "loading model". Raises RunnerGone."""
        try:
            await self._json("GET", "/health", None)
        except RunnerStatus:
            return "loading model"
        return "ok"

    async def embedding(self, text: str) -> tuple[list[float], int]:
        """The vector and the number of prompt tokens. Raises RunnerGone or RunnerStatus."""
        answer = await self._json("POST", "/v1/embeddings", {"input": text})
        return answer["data"][0]["embedding"], answer["usage"]["prompt_tokens"]

    async def completion(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The events of an answer. Raises RunnerGone if it ends before its last event."""
        reader, writer = await self._send("POST", "/completion", body)
        try:
            await _head(reader)
            while True:
                line = await _line(reader)
                if line.startswith(b"data: "):
                    event = json.loads(line[len(b"data: ") :])
                    yield event
                    if event["stop"]:
                        return
        finally:
            writer.close()

    async def _json(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        reader, writer = await self._send(method, path, body)
        try:
            status = await _head(reader)
            content = json.loads(await reader.read())
        except (OSError, ValueError) as error:
            raise RunnerGone(str(error)) from error
        finally:
            writer.close()
        if status >= 400:
            raise RunnerStatus(status, content["error"]["message"])
        return content

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        content = json.dumps(body).encode() if body is not None else b""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(f"{method} {path} HTTP/1.1\r\nContent-Length: {len(content)}\r\n\r\n".encode())
            writer.write(content)
        except OSError as error:
            raise RunnerGone("connection refused") from error
        return reader, writer


async def _head(reader: asyncio.StreamReader) -> int:
    """Read the status line and headers."""
    status = int((await _line(reader)).split()[1])
    while await _line(reader) != b"\r\n":
        pass
    return status


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        line = await reader.readline()
    except OSError as error:
        raise RunnerGone("unexpected EOF") from error
    if not line.endswith(b"\n"):
        raise RunnerGone("unexpected EOF")
    return line
