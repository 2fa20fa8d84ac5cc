# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of servers that mean harm, by what each tries; an answer is its pieces, which may have no end."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from support.raw_server import answer, head

FORGED = "0.32.15\n<0>event=warm forged=yes\x00\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2028\r"
"""Ends a line, begins one of the journal's at the gravest priority, and would rename and clear the terminal that shows it."""
DIGEST = "a" * 64
FOR_EVER = "2318-12-02T09:47:16.978231264Z"
_MEGABYTE = b"x" * 2**20


class Endless:
    """The beginning, then one piece for ever."""

    def __init__(self, beginning: bytes, piece: bytes) -> None:
        self._beginning, self._piece = beginning, piece

    def __iter__(self) -> Iterator[bytes]:
        yield self._beginning
        while True:
            yield self._piece


def said(data: Any, *lines: str, status: str = "200 OK") -> list[bytes]:
    """A whole answer of JSON."""
    return [answer(json.dumps(data), *lines, status=status)]


@functools.cache
def _bomb() -> tuple[bytes, ...]:
    """Two packings of 300 MB of blanks, which take a second to make."""
    packed = gzip.compress(gzip.compress(b'{"models":[]}' + b" " * 300_000_000, 1), 1)
    return (answer(packed, "Content-Encoding: gzip, gzip"),)


def _listed(**entry: Any) -> dict[str, Any]:
    return {"models": [{"name": "m:latest", "digest": DIGEST, "expires_at": FOR_EVER, **entry}], "version": FORGED}


ANSWERS: Mapping[str, Callable[[], Iterable[bytes]]] = {
    "a version that forges": lambda: said({"version": FORGED, "models": []}),
    "a version of 20 MB": lambda: said({"version": "9" * 20_000_000, "models": []}),
    "a name that forges": lambda: said(_listed(name=FORGED)),
    "a digest that forges": lambda: said(_listed(digest=FORGED)),
    "an expiry that forges": lambda: said(_listed(expires_at=FORGED)),
    "a size that forges": lambda: said(_listed(size=FORGED)),
    "a list of texts": lambda: said({"models": ["x"]}),
    "a list of lists": lambda: said({"models": [[]]}),
    "more models than there are": lambda: said({"models": [{}] * 100_000}),
    "empty objects": lambda: [answer(b'{"models":[' + b"{}," * 1_000_000 + b"{}]}")],
    "an error that forges": lambda: said({"error": FORGED * 1000}, status="500 " + "No" * 20),
    "an error within a 200 that forges": lambda: said({"error": {FORGED: FORGED}}),
    "a status line that forges": lambda: [b"HTTP/1.1 500 \x1b[2J<0>event=x\x00\r\nContent-Length: 2\r\n\r\n{}"],
    "no HTTP that forges": lambda: [FORGED.encode() * 500],
    "a date that forges": lambda: said({"models": [], "version": "1"}, "Date: \x1b[2J" + "9" * 30_000),
    "a number of two million digits": lambda: [answer(b'{"models":[],"version":' + b"9" * 2_000_000 + b"}")],
    "a deep nest": lambda: [answer(b"[" * 1_000_000)],
    "a body without end": lambda: Endless(head("Connection: close"), _MEGABYTE),
    "an error without end": lambda: Endless(head("Connection: close", status="500 No"), _MEGABYTE),
    "chunks without end": lambda: Endless(head("Transfer-Encoding: chunked"), b"100000\r\n" + _MEGABYTE + b"\r\n"),
    "a chunk's length without end": lambda: Endless(head("Transfer-Encoding: chunked"), _MEGABYTE),
    "a trailer without end": lambda: Endless(head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n", _MEGABYTE),
    "a head without end": lambda: Endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 60_000 + b"\r\n"),
    "a line of the head without end": lambda: Endless(b"HTTP/1.1 200 OK\r\nX: ", _MEGABYTE),
    "a redirect with a body without end": lambda: Endless(head("Location: /api/tags", status="302 Found"), _MEGABYTE),
    "a packed answer of 300 MB": _bomb,
}
"""What is over at once. Every one is an answer to every request."""

TRICKLES: Mapping[str, Callable[[], Iterable[bytes]]] = {
    "silence": lambda: Endless(b"", b""),
    "a body byte by byte": lambda: Endless(head("Content-Length: 1000000"), b" "),
    "a head byte by byte": lambda: Endless(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "a chunk's length byte by byte": lambda: Endless(head("Transfer-Encoding: chunked"), b"0"),
    "heads one by one": lambda: Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
"""What is never over, of which each piece is in time."""
