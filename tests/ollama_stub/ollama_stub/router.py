# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which handler answers which method and path (routes.go:GenerateRoutes)."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Callable, Union

from .http_wire import PLAIN, Answer, HttpRequest, StreamedAnswer

AnyAnswer = Union[Answer, StreamedAnswer]


@dataclass(frozen=True)
class Call:
    """A request together with the part of its path that the route leaves open."""

    request: HttpRequest
    parameter: str = ""


Handler = Callable[[Call], Awaitable[AnyAnswer]]


class Router:
    """Exact paths, and paths whose last part is open (`/api/blobs/:digest`)."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, Handler]] = {}
        self._open: dict[str, dict[str, Handler]] = {}

    def add(self, methods: str, path: str, handler: Handler) -> None:
        """Register a handler for methods like "HEAD GET"."""
        prefix, colon, dummy = path.partition(":")
        table = self._open if colon else self._exact
        for method in methods.split():
            table.setdefault(prefix, {})[method] = handler

    async def answer(self, request: HttpRequest) -> AnyAnswer:
        handlers, parameter = self._find(request.path)
        if request.method in handlers:
            return await handlers[request.method](Call(request, parameter))
        if handlers:
            return Answer(405, PLAIN, b"405 method not allowed")
        without_slash = request.path.rstrip("/")
        if request.path.endswith("/") and self._find(without_slash)[0]:
            status = 301 if request.method == "GET" else 307
            return Answer(status, headers={"Location": without_slash})
        return Answer(404, PLAIN, b"404 page not found")

    def _find(self, path: str) -> tuple[dict[str, Handler], str]:
        if path in self._exact:
            return self._exact[path], ""
        prefix, slash, rest = path.rpartition("/")
        return (self._open.get(prefix + slash, {}), rest) if rest else ({}, "")
