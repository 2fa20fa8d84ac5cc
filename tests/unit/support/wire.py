# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole HTTP client on real sockets, with no server beside it: a request is answered with bytes as soon as it is whole, in the thread
that sent it. Thousands of answers a minute, in the same order every time."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable
from unittest import mock

_MOST = 150_000  # bytes that the kernel holds for a reader who has not begun


@dataclass(frozen=True)
class Request:
    """What came: `line` is the method and the path, `body` as it was sent, `host` whom it was for."""

    line: str
    body: bytes
    host: str = ""


class _Wire(socket.socket):
    """The client's end. The other one is closed behind the answer."""

    def __init__(self, answer: Callable[[Request], bytes]) -> None:
        ours, self._theirs = socket.socketpair()
        super().__init__(fileno=ours.detach())
        self._answer = answer
        self._received = b""

    def sendall(self, data: Any, _flags: int = 0) -> None:
        self._received += bytes(data)
        request = _whole(self._received)
        if request is not None:
            self._received = b""
            self._theirs.setblocking(False)
            with self._theirs:
                self._theirs.sendall(self._answer(request)[:_MOST])


def _whole(received: bytes) -> Request | None:
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if not end or len(body) < (int(length.group(1)) if length else 0):
        return None
    host = re.search(rb"(?i)\r\nhost: *(\S+)", head)
    return Request(head.split(b" HTTP/")[0].decode(), body, host.group(1).decode() if host else "")


@contextlib.contextmanager
def answered(answer: Callable[[Request], bytes]) -> Iterator[None]:
    """Every connection that is made in here is answered so."""
    with mock.patch("socket.create_connection", lambda *_address, **_options: _Wire(answer)):
        yield
