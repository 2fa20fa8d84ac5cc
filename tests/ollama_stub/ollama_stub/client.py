# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line's own HTTP client."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from .environment import Address


class ServerUnreachable(Exception):
    """Nothing answers at OLLAMA_HOST."""

    def __init__(self) -> None:
        super().__init__("could not connect to ollama server, run 'ollama serve' to start it")


class ServerError(Exception):
    """The server's own error message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """Requests to one server."""

    def __init__(self, address: Address) -> None:
        self._address = address.connectable()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON answer, or None for an empty one. Raises ServerUnreachable or ServerError."""
        lines = list(self.stream(method, path, body))
        return lines[-1] if lines else None

    def stream(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The JSON lines of an answer, each checked for an error."""
        connection, response = self._open(method, path, body)
        try:
            for line in response:
                answer = json.loads(line)
                if response.status >= 400 or "error" in answer:
                    raise ServerError(response.status, answer.get("error", str(response.status)))
                yield answer
            if response.status >= 400:
                raise ServerError(response.status, response.reason)
        finally:
            connection.close()

    def has_blob(self, digest: str) -> bool:
        connection, response = self._open("HEAD", f"/api/blobs/{digest}", None)
        connection.close()
        return response.status == 200

    def put_blob(self, digest: str, file: BinaryIO, size: int) -> None:
        connection = self._connection()
        try:
            headers = {"Content-Length": str(size)}
            connection.request("POST", f"/api/blobs/{digest}", body=file, headers=headers)
            response = connection.getresponse()
            if response.status >= 400:
                raise ServerError(response.status, json.loads(response.read())["error"])
        except OSError as error:
            raise ServerUnreachable() from error
        finally:
            connection.close()

    def _open(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = self._connection()
        content = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, body=content, headers={"Content-Type": "application/json"})
            return connection, connection.getresponse()
        except OSError as error:
            raise ServerUnreachable() from error

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address.host, self._address.port)
