# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to spoil an answer: its values, its bytes, or how it is sent."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any, Callable

from hypothesis import strategies as st
from json_text import Pairs, Raw, render

Draw = Callable[[st.SearchStrategy[Any]], Any]
_DATE = "Sat, 22 Aug 2026 08:00:00 GMT"

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2.5, -0.0, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 1e308,
    "", " ", "x", "\0", "\ud800", "\u202e", "@", "a:b:c", "tiny-a:latest@sha256:00", "/" * 5, "e" * 5000, "2318-12-02T09:47:16Z",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59", "2026-08-22T08:05:00", "2318-13-02T09:47:16Z", "2318-12-02 09:47:16Z",
    "٢٣١٨-12-02T09:47:16Z", "2318-12-02T09:47:16+99:99", "ab" * 32, "AB" * 32, "sha256:" + "ab" * 32,
    "0.32.15\n<0>event=warm forged=yes\x1b[2J\x9b31m", "\x07" * 100, "\u2028\x85\r", ["\x1b[2J"] * 100,
    [], {}, [[]], [None], [{}], {"models": []}, {"": None}, {"error": "x"},
    Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("1e999"), Raw("-1e999"), Raw("9" * 5000), Raw("9" * 4300), Raw("-" + "9" * 400), Raw("01"),
    Raw("0x10"), Raw("nul"), Raw(""), Raw("'x'"), Raw('"\n"'), Raw('"\\x"'), Raw('"\\ud800"'), Raw("[" * 3000), Raw("[" * 1500 + "]" * 1500),
    Raw('{"a":' * 1500 + "1" + "}" * 1500), Raw("/* */ 1"), Raw("1,"),
)  # fmt: skip

_DATES = (
    "", " ", "x", "0", "Sat", "Sat,", ",", "::", "Sat, 22 Aug 2026", "22 Aug 26 08:00", "Sat, 22 Aug 2026 08:00:00 +9999", "Sat, 22 Aug 2026 08:00:00 -2400",
    "Thu, 01 Jan 1970 00:00:00 GMT", "Sat, 22 Aug 1826 08:00:00 GMT", "Sat, 22 Aug 0001 08:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359",
    "Sat, 22 Aug 2300 08:00:00 GMT", "Sat, 22 Aug 2026 25:61:61 GMT", "Sat, 99 Aug 2026 08:00:00 GMT", "Sat, 22 Aug 99999999999 08:00:00 GMT",
    "Sat, 22 Aug 2026 08:00:00", "Sat, 22 Aug 2026 08:00:00 -0000", "2026-08-22T08:00:00Z", "Sat, 22 Aug 2026 13:00:00 GMT",
    "Sat, 22 Aug 2026 03:00:00 GMT", "9" * 5000, "Sat, 22 Aug 2026 08:00:00 GMT (" + "(" * 500, "\x80\xff", "Sat, 22 \xe9t\xe9 2026",
)  # fmt: skip


@dataclass
class Answer:
    """What is to be sent, before and while it is spoilt. `head` is the lines above the body, `framing` how the body's end is told."""

    body: bytes
    status: str = "HTTP/1.1 200 OK"
    head: tuple[str, ...] = (f"Date: {_DATE}", "Content-Type: application/json; charset=utf-8")
    framing: str = "length"
    before: bytes = b""
    off: int = 0

    def sent(self) -> bytes:
        """All of it, to the hanging up."""
        lines = "\r\n".join([self.status, *self.head, *self._framed(), "", ""])
        return self.before + lines.encode("latin-1", "replace") + self._content()

    def _framed(self) -> list[str]:
        length = f"Content-Length: {max(0, len(self.body) + self.off)}"
        chunked = "Transfer-Encoding: chunked"
        return {"length": [length], "close": [], "both": [length, chunked]}.get(self.framing, [chunked])

    def _content(self) -> bytes:
        if self.framing in ("length", "close"):
            return self.body
        size = f"{max(0, len(self.body) + self.off):x}".encode()
        return {
            "no size": self.body,
            "size is no number": b"zz\r\n" + self.body + b"\r\n0\r\n\r\n",
            "size below zero": b"-5\r\n" + self.body + b"\r\n0\r\n\r\n",
            "size beyond all": b"f" * 40 + b"\r\n" + self.body,
            "no end": size + b"\r\n" + self.body,
        }.get(self.framing, size + b"\r\n" + self.body + b"\r\n0\r\n\r\n")


def spoil(draw: Draw, data: Any, date: str = _DATE) -> bytes:
    """The good answer `data`, and one to three things wrong with it."""
    kinds = draw(st.lists(st.sampled_from(["value", "value", "bytes", "bytes", "text", "date", "transport"]), min_size=1, max_size=3))
    for _each in range(kinds.count("value")):
        data = _with_a_value_spoilt(draw, data)
    answer = good(render(data).encode(), date)
    for kind in kinds:
        _SPOILERS.get(kind, _nothing)(draw, answer)
    return answer.sent()


def good(body: bytes, date: str = _DATE, status: str = "HTTP/1.1 200 OK") -> Answer:
    """As a server sends it."""
    return Answer(body, status=status, head=(f"Date: {date}", "Content-Type: application/json; charset=utf-8"))


def _nothing(_draw: Draw, _answer: Answer) -> None:
    """Done already."""


def _with_a_value_spoilt(draw: Draw, data: Any) -> Any:
    """The same with one place changed, however deep."""
    deeper = isinstance(data, (dict, list)) and data and draw(st.integers(0, 4))
    if not deeper:
        return draw(st.sampled_from(_VALUES))
    if isinstance(data, list):
        index = draw(st.integers(0, len(data) - 1))
        return [*data[:index], _with_a_value_spoilt(draw, data[index]), *data[index + 1 :]]
    return _object_spoilt(draw, data)


def _object_spoilt(draw: Draw, data: dict[str, Any]) -> Any:
    key = draw(st.sampled_from(sorted(data)))
    how = draw(st.sampled_from(["deeper", "deeper", "deeper", "gone", "twice", "twice", "renamed", "more"]))
    others = {name: value for name, value in data.items() if name != key}
    if how == "gone":
        return others
    if how == "renamed":
        return {**others, draw(st.sampled_from([key.upper(), key + " ", ""])): data[key]}
    if how == "more":
        return {**data, draw(st.sampled_from(["error", "models", "x"])): draw(st.sampled_from(_VALUES))}
    changed = _with_a_value_spoilt(draw, data[key])
    return Pairs([*data.items(), (key, changed)]) if how == "twice" else {**data, key: changed}


def _spoil_bytes(draw: Draw, answer: Answer) -> None:
    body = answer.body
    at = draw(st.integers(0, len(body)))
    until = min(len(body), at + draw(st.integers(0, 40)))
    how = draw(st.sampled_from(["flip", "flip", "cut", "insert", "truncate", "twice", "swap"]))
    if how == "flip":
        answer.body = body[:at] + bytes(byte ^ draw(st.integers(1, 255)) for byte in body[at : at + 1]) + body[at + 1 :]
    else:
        answer.body = {
            "cut": body[:at] + body[until:],
            "insert": body[:at] + draw(st.binary(min_size=1, max_size=8)) + body[at:],
            "truncate": body[:at],
            "twice": body[:until] + body[at:],
            "swap": body[at:] + body[:at],
        }[how]


def _spoil_text(draw: Draw, answer: Answer) -> None:
    body = answer.body
    text = body.decode("utf-8", "replace")
    answer.body = draw(
        st.sampled_from(
            [
                b"\xef\xbb\xbf" + body,
                text.encode("utf-16"),
                text.encode("utf-32"),
                text.encode("utf-16-le", "replace"),
                body.replace(b"tiny", b"t\xefny"),
                gzip.compress(body, mtime=0),
                json.dumps(text).encode(),
                b"[" + body + b"]",
                b"",
                b"null",
                body + body,
                b"data: " + body,
                b"\x1e" + body,
                body + b"\0",
                b"<html><body>502 Bad Gateway</body></html>",
                body.replace(b'"', b"'"),
            ]
        )
    )


def _spoil_date(draw: Draw, answer: Answer) -> None:
    date = draw(st.sampled_from(_DATES) | st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30))
    answer.head = (f"Date: {date}", *answer.head[1:])
    if draw(st.integers(0, 5)) == 0:
        answer.head = (*answer.head, f"Date: {_DATE}")


def _spoil_transport(draw: Draw, answer: Answer) -> None:
    how = draw(st.sampled_from(["framing", "framing", "status", "head", "before"]))
    if how == "framing":
        framings = ["length", "close", "both", "chunked", "no size", "size is no number", "size below zero", "size beyond all", "no end"]
        answer.framing = draw(st.sampled_from(framings))
        answer.off = draw(st.sampled_from([0, -1, 1, -1000, 1000]))
    elif how == "status":
        answer.status = draw(st.sampled_from(_STATUSES))
    elif how == "head":
        answer.head = (*answer.head, draw(st.sampled_from(_LINES)))
    else:
        answer.before = draw(st.sampled_from(_BEFORE) | st.binary(max_size=20))


_SPOILERS = {"bytes": _spoil_bytes, "text": _spoil_text, "date": _spoil_date, "transport": _spoil_transport}
_STATUSES = (
    "HTTP/1.1 201 Created", "HTTP/1.1 204 No Content", "HTTP/1.1 206 Partial Content", "HTTP/1.1 302 Found", "HTTP/1.1 304 Not Modified",
    "HTTP/1.1 400 Bad Request", "HTTP/1.1 404 Not Found", "HTTP/1.1 500 No", "HTTP/1.1 503 No", "HTTP/1.1 599", "HTTP/1.1 999 x", "HTTP/1.1 200",
    "HTTP/1.0 200 OK", "HTTP/0.9 200 OK", "HTTP/2 200", "HTTP/1.1 abc OK", "HTTP/1.1 -200 OK", "HTTP/1.1 99999 OK", "ICY 200 OK", "", " ", "x" * 70000,
    "HTTP/1.1 200 " + "y" * 70000, "HTTP/1.1\t200 OK", "HTTP/1.1 200 \xff",
)  # fmt: skip
_LINES = (
    "Content-Encoding: gzip", "Content-Encoding: deflate", "Content-Encoding: br", "Content-Encoding: zstd", "Content-Encoding: x, gzip, gzip",
    "Content-Length: -1", "Content-Length: x", "Content-Length: 9" + "9" * 30, "Content-Length: 5, 7", "Transfer-Encoding: x", "no colon", ": no name",
    " folded", "\tfolded", "X: " + "x" * 70000, "\r\n".join(f"X{number}: x" for number in range(150)), "X: \0", "X\0: x", "X: \xff\xfe",
    "Set-Cookie: a=b; expires=x; max-age=99999999999999999999", "Set-Cookie: " + ";" * 500, "Set-Cookie: a=b; domain=[; path=\xff; port=\"x",
    "Location: http://[", "Location: //\xff", "Location: /api/ps", "Connection: keep-alive", "Connection: upgrade", "Content-Type: text/html; charset=x",
    "Content-Type: \xff", "Retry-After: x", "WWW-Authenticate: x", "Trailer: x",
)  # fmt: skip
_BEFORE = (
    b"\r\n", b"\0", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 50, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n", b"-ERR\r\n", b"\xff" * 100,
)  # fmt: skip
