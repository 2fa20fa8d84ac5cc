# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 on the wire: reading requests, writing answers, noticing that a client went away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable
from urllib.parse import unquote

from .clock import WALL
from .request_context import RequestContext

JSON = "application/json; charset=utf-8"
BARE_JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
PLAIN = "text/plain"
_CHUNK = 1 << 20
_MAX_HEAD = 1 << 16
_REASONS = {
    200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently", 307: "Temporary Redirect",
    400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable",
}  # fmt: skip


class WireError(Exception):
    """What came in is no HTTP request."""


class WatchedReader(asyncio.StreamReader):
    """A stream that tells when the other side has closed, even while nobody reads."""

    def __init__(self) -> None:
        super().__init__(limit=_MAX_HEAD)
        self.on_gone: Callable[[], None] | None = None
        self.gone = False

    def feed_eof(self) -> None:
        super().feed_eof()
        self._note_gone()

    def set_exception(self, exc: Any) -> None:
        super().set_exception(exc)
        self._note_gone()

    def _note_gone(self) -> None:
        self.gone = True
        if self.on_gone:
            self.on_gone()


@dataclass
class HttpRequest:
    """A request's head, and its body as a stream."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    reader: WatchedReader
    writer: asyncio.StreamWriter
    context: RequestContext
    version: str = "HTTP/1.1"
    _left: int = 0
    _chunked: bool = False

    @property
    def path(self) -> str:
        return unquote(self.target.partition("?")[0])

    @property
    def keep_alive(self) -> bool:
        default = "close" if self.version == "HTTP/1.0" else "keep-alive"
        return self.headers.get("connection", default).lower() != "close"

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces; it can be read once."""
        await self._continue()
        while self._chunked or self._left:
            if self._chunked and not self._left:
                self._left = await self._next_chunk()
                if not self._left:
                    return
            piece = await self.reader.read(min(self._left, _CHUNK))
            if not piece:
                raise WireError("the body ended early")
            self._left -= len(piece)
            if self._chunked and not self._left:
                await self.reader.readexactly(2)
            yield piece

    async def body(self) -> bytes:
        return b"".join([piece async for piece in self.chunks()])

    async def drain(self) -> None:
        """Read what the handler left, so that the next request can be found."""
        async for dummy in self.chunks():
            pass

    async def _next_chunk(self) -> int:
        size = int((await self.reader.readline()).split(b";")[0], 16)
        if size == 0:
            self._chunked = False
            while (await self.reader.readline()).strip():
                pass
        return size

    async def _continue(self) -> None:
        if self.headers.pop("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def read_request(
    reader: WatchedReader, writer: asyncio.StreamWriter
) -> HttpRequest | None:
    """The next request of a connection, or None at its end. Raises WireError."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise WireError("the head is too long") from error
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise WireError("malformed request line")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit():
        raise WireError("malformed content length")
    chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    context = RequestContext()
    return HttpRequest(
        parts[0], parts[1], headers, reader, writer, context, parts[2], int(length), chunked
    )


@dataclass
class Answer:
    """A complete answer."""

    status: int = 200
    content_type: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class StreamedAnswer:
    """An answer that is sent piece by piece."""

    content_type: str
    pieces: AsyncIterator[bytes]
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


def json_answer(value: Any, status: int = 200, content_type: str = JSON) -> Answer:
    return Answer(status, content_type, to_json(value))


def error_answer(message: str, status: int, content_type: str = JSON) -> Answer:
    return json_answer({"error": message}, status, content_type)


def to_json(value: Any) -> bytes:
    """Encode like Go's encoding/json, which escapes what matters in HTML."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace")


async def write_answer(request: HttpRequest, answer: Answer, truncate: bool = False) -> None:
    """Send a complete answer, without its body for HEAD, or only half of it."""
    head = {**answer.headers}
    if answer.content_type:
        head["Content-Type"] = answer.content_type
    if answer.status != 204:
        head["Content-Length"] = str(len(answer.body))
    body = b"" if request.method == "HEAD" else answer.body
    request.writer.write(_head(answer.status, head) + (body[: len(body) // 2] if truncate else body))
    await request.writer.drain()


async def write_stream(request: HttpRequest, answer: StreamedAnswer, truncate: bool = False) -> None:
    """Send an answer in chunks, or break off after its first piece."""
    head = {**answer.headers, "Content-Type": answer.content_type, "Transfer-Encoding": "chunked"}
    request.writer.write(_head(answer.status, head))
    async for piece in answer.pieces:
        request.writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await request.writer.drain()
        if truncate:
            return
    request.writer.write(b"0\r\n\r\n")
    await request.writer.drain()


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'status code ' + str(status))}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append("Date: " + time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(WALL.now_ns() // 1_000_000_000)))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
