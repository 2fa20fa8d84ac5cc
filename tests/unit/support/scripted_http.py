# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP server that expects exchanges in order. One that is unexpected, and one that nobody asked for, fail the test."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """One request with its JSON body, None for none, and the answer."""

    request: str
    body: Any
    status: int
    answer: Any


class ScriptedServer(ThreadingHTTPServer):
    """`script` is what is still expected; `surprises` what came otherwise."""

    daemon_threads = True  # a client keeps its connection for its next request
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.script: list[Exchange] = []
        self.surprises: list[str] = []

    def expect(self, *exchanges: Exchange) -> None:
        """These, after what is expected already."""
        self.script += exchanges


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        status, answer = self._next(f"{self.command} {self.path}", body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815

    def _next(self, request: str, body: Any) -> tuple[int, Any]:
        script = self.server.script
        if script and (script[0].request, script[0].body) == (request, body):
            expected = script.pop(0)
            return expected.status, expected.answer
        self.server.surprises.append(f"{request} {json.dumps(body)}")
        return 599, {"error": f"not in the script: {request} {json.dumps(body)}"}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silence."""


@contextlib.contextmanager
def scripted() -> Iterator[ScriptedServer]:
    """A server that fails the test at its end if the script was not followed to the letter."""
    server = ScriptedServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    if server.surprises or server.script:
        left = [exchange.request for exchange in server.script]
        raise AssertionError(f"came and was not expected: {server.surprises}; was expected and did not come: {left}")
