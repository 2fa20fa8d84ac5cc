# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections: each request goes through the access checks, the ordered faults and its route."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Union, cast

from .access import AccessPolicy
from .counters import Counters
from .environment import Address
from .faults import Faults, RequestFault
from .http_wire import (
    Answer,
    HttpRequest,
    StreamedAnswer,
    WatchedReader,
    WireError,
    error_answer,
    read_request,
    write_answer,
    write_stream,
)
from .log import Logger
from .request_context import Cancelled
from .router import Router

AnyAnswer = Union[Answer, StreamedAnswer]
_BACKLOG = 1024
_CLIENT_CLOSED = 499


class HttpServer:
    """Listens, and answers with what the router says."""

    def __init__(
        self, router: Router, faults: Faults, counters: Counters, origins: list[str], log: Logger
    ) -> None:
        self._router = router
        self._faults = faults
        self._counters = counters
        self._origins = origins
        self._log = log
        self._access = AccessPolicy("127.0.0.1", origins)
        self._server: asyncio.AbstractServer | None = None
        self._ready = asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()

    def open_for_business(self) -> None:
        """Answer from now on: until then clients connect, but wait for their answers."""
        self._ready.set()

    async def listen(self, address: Address) -> str:
        """Start listening, and return the address as `Listening on` prints it."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: asyncio.StreamReaderProtocol(WatchedReader(), self._connected),
            address.host,
            address.port,
            backlog=_BACKLOG,
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        self._access = AccessPolicy(host, self._origins)
        return Address("http", host, port).netloc.replace("0.0.0.0", "[::]")

    async def close(self) -> None:
        """Close the listener and all connections at once, as srvr.Close does."""
        if self._server:
            self._server.close()
        for writer in list(self._connections):
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            await self._ready.wait()
            await self._serve_connection(cast(WatchedReader, reader), writer)
        except (OSError, WireError, asyncio.IncompleteReadError, ValueError):
            pass  # a client that went away or does not speak HTTP: nothing to tell it
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _serve_connection(self, reader: WatchedReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader, writer)
            if request is None:
                return
            reader.on_gone = request.context.end
            if reader.gone:
                request.context.end()
            try:
                usable = await self._serve(request)
            finally:
                reader.on_gone = None
                request.context.end()
            if not usable or not request.keep_alive:
                return
            await request.drain()

    async def _serve(self, request: HttpRequest) -> bool:
        """Answer one request; False if the connection cannot be used any more."""
        started = time.monotonic()
        self._counters.requests[f"{request.method} {request.path}"] += 1
        fault = self._faults.next_request(request.path)
        status = _CLIENT_CLOSED
        try:
            answer = await self._answer(request, fault)
            if answer is None:
                return False
            status = answer.status
            return await self._write(request, answer, fault)
        except Cancelled:
            return False
        finally:
            _log_access(request, status, time.monotonic() - started)

    async def _answer(
        self, request: HttpRequest, fault: RequestFault | None
    ) -> AnyAnswer | None:
        refused = self._access.refusal(request.method, request.headers)
        if refused:
            return refused
        if fault:
            if fault.kind == "hang":
                await request.context.guard(asyncio.get_running_loop().create_future())
            if fault.kind == "delay":
                await request.context.guard(asyncio.sleep(fault.seconds))
            if fault.kind == "status":
                return error_answer(fault.message, fault.status)
            if fault.kind == "disconnect":
                return None
        answer = await self._router.answer(request)
        answer.headers.update(self._access.headers(request.headers))
        return answer

    async def _write(
        self, request: HttpRequest, answer: AnyAnswer, fault: RequestFault | None
    ) -> bool:
        truncate = bool(fault and fault.kind == "truncate")
        if isinstance(answer, StreamedAnswer):
            await write_stream(request, answer, truncate)
        else:
            await write_answer(request, answer, truncate)
        return not truncate


def _log_access(request: HttpRequest, status: int, seconds: float) -> None:
    """The line that gin writes for each request, on standard output."""
    peer = request.writer.get_extra_info("peername") or ("",)
    stamp = time.strftime("%Y/%m/%d - %H:%M:%S")
    took = f"{seconds:.6f}s" if seconds >= 1 else f"{seconds * 1000:.3f}ms"
    sys.stdout.write(
        f'[GIN] {stamp} | {status} | {took:>13} | {peer[0]:>15} | {request.method:<8} "{request.path}"\n'
    )
    sys.stdout.flush()
