# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener on loopback that answers with whatever bytes a test wants, however wrong."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterable, Iterator
from typing import Any


class RawServer:
    """Answers every connection alike: reads one request, sends `pieces` `pause` seconds apart, hangs up. `pieces` may be
    replaced at any time."""

    def __init__(self, pieces: Iterable[bytes], pause: float = 0) -> None:
        self.pieces = pieces
        self._pause = pause
        self._closing = threading.Event()
        self.requests: list[bytes] = []
        self.sent = 0  # pieces
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening and wait for what is still being answered."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for thread in self._threads[1:]:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.requests.append(_read_request(connection))
            for piece in self.pieces:
                connection.sendall(piece)
                self.sent += 1
                if self._closing.wait(self._pause):
                    return
            connection.shutdown(socket.SHUT_WR)


def _read_request(connection: socket.socket) -> bytes:
    request = b""
    while not _is_whole(request):
        received = connection.recv(65536)
        if not received:
            break
        request += received
    return request


def _is_whole(request: bytes) -> bool:
    if request.startswith(b"\x16"):  # a client that speaks TLS waits for an answer to its first message
        return True
    lines, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", lines)
    return bool(end) and len(body) >= (int(length.group(1)) if length else 0)


@contextlib.contextmanager
def answering(*pieces: bytes, pause: float = 0) -> Iterator[RawServer]:
    """A server that answers so."""
    server = RawServer(pieces, pause)
    try:
        yield server
    finally:
        server.close()


def head(*lines: str, status: str = "200 OK") -> bytes:
    """The head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def answer(body: Any, *lines: str, status: str = "200 OK") -> bytes:
    """A whole answer of the right length."""
    content = body if isinstance(body, bytes) else str(body).encode()
    return head(f"Content-Length: {len(content)}", "Connection: close", *lines, status=status) + content
