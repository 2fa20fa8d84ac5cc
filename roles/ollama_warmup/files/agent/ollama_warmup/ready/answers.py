# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a load balancer that asks is answered: over HTTP as the gateway does, and as HAProxy's agent-check wants it. Pure."""

from __future__ import annotations

from typing import Callable, Optional
from urllib.parse import unquote

from .readiness import DRAIN, HOLD
from .rule import Answer

PATH = "/ready"
Ask = Callable[[Optional[str]], Answer]
"""For a model by the name that a client gives, or for the server."""
_STATUS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}
_METHODS = ("GET", "HEAD")


def http_answer(request: bytes, ask: Ask) -> bytes:
    """The whole response to the head of a request, of which only the first line matters."""
    words = request.split(b"\n", 1)[0].strip(b"\r").decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return _response(400, "not_http")
    method, target = words[0], unquote(words[1].partition("?")[0])
    if method not in _METHODS:
        return _response(405, "method", extra=f"Allow: {', '.join(_METHODS)}\r\n")
    if target != PATH and not target.startswith(f"{PATH}/"):
        return _response(404, "no_such_path", method)
    found = ask(target[len(PATH) + 1 :] or None)
    return _response(200 if found.is_ready else 503, found.word, method)


def agent_answer(found: Answer) -> bytes:
    """HAProxy's words (configuration manual, agent-check). `down` lasts until `up`, and `drain` until `ready`, so both are said together."""
    if found.is_ready:
        return b"up ready\n"
    return b"drain\n" if found.state in (HOLD, DRAIN) else f"down #{found.word}\n".encode()


def _response(status: int, word: str, method: str = "GET", extra: str = "") -> bytes:
    body = f"{word}\n"
    head = f"HTTP/1.1 {status} {_STATUS[status]}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Cache-Control: no-store\r\nConnection: close\r\n{extra}\r\n{'' if method == 'HEAD' else body}".encode()
