# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls in threads of their own, so that the caller can look after other things meanwhile."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Callable, Generic, TypeVar

_Value = TypeVar("_Value")


class Background(Generic[_Value]):
    """A daemon thread: when the program is told to stop, it does not wait for a load of minutes. The connection
    closes with the process, and the server then aborts the load (docs/ollama-semantics.md#the-client-stays-connected)."""

    def __init__(self, call: Callable[[], _Value]) -> None:
        self._call = call
        self._values: list[_Value] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> _Value:
        """What the call returned; raises what it raised. Only after `wait` said so."""
        if self._error is not None:
            raise self._error
        return self._values[0]

    def _run(self) -> None:
        try:
            self._values.append(self._call())
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error


class Feed(Generic[_Value]):
    """What a generator yields, from a thread of its own, so that the caller waits for each item no longer than it wants to."""

    _AHEAD = 64  # items that may wait to be taken; then the thread waits
    _GLANCE = 0.5  # seconds

    def __init__(self, items: Iterable[_Value]) -> None:
        self._items = items
        self._queue: queue.Queue[_Value | None] = queue.Queue(self._AHEAD)
        self._error: BaseException | None = None
        self._stopped = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def take(self, seconds: float) -> _Value | None:
        """The next item; None behind the last one. Raises `queue.Empty` where none comes within so many seconds, and what the
        generator raised, after all that it yielded."""
        item = self._queue.get(timeout=max(seconds, 0))
        if item is None and self._error is not None:
            raise self._error
        return item

    def stop(self) -> None:
        """Nobody takes anything any more."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            for item in self._items:
                self._hand_over(item)
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error
        self._hand_over(None)

    def _hand_over(self, item: _Value | None) -> None:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=self._GLANCE)
                return
