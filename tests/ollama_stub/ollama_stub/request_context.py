# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of one request: over when it is answered or its client has gone (context.Context)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Callable, TypeVar

T = TypeVar("T")


class Cancelled(Exception):
    """The request's client went away (context.Canceled)."""

    def __init__(self, message: str = "context canceled") -> None:
        super().__init__(message)


class RequestContext:
    """Ends once; callbacks run at that moment."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def done(self) -> bool:
        return self._event.is_set()

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call back at the end; soon, if it is already over."""
        if self.done:
            asyncio.get_running_loop().call_soon(callback)
        else:
            self._callbacks.append(callback)

    def end(self) -> None:
        if self.done:
            return
        self._event.set()
        for callback in self._callbacks:
            callback()
        self._callbacks.clear()

    async def guard(self, work: Awaitable[T]) -> T:
        """Await WORK, but raise Cancelled (and cancel it) as soon as the request is over."""
        task = asyncio.ensure_future(work)
        ended = asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Cancelled()
            return task.result()
        finally:
            await _stop(task, ended)


async def _stop(*tasks: asyncio.Future[Any]) -> None:
    """Cancel what still runs and wait until it has come to its end."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
