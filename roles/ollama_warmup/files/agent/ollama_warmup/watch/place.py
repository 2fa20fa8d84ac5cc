# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the watch's pipe where passes look for it, whoever takes it or its folder away.

The kernel tells of a file that leaves the folder by a signal (dnotify, which Python's standard library has); a folder that was moved
away is found at whatever wakes the watch next. Nothing polls.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
from contextlib import suppress

from .pipe import drain, open_pipe

_CHANGES = fcntl.DN_DELETE | fcntl.DN_RENAME | fcntl.DN_MULTISHOT
_SETTLING = 1.0  # second: whoever removes the folder comes to its end first, and finds it empty


class Place:
    """`pipe` is the watch's end of the pipe at `path`, and ready in `poll` when a pass has written to it; `bell` when something
    left the folder."""

    def __init__(self, path: str, poll: select.poll) -> None:
        self._path = path
        self._poll = poll
        self.bell = _bell()
        self._poll.register(self.bell, select.POLLIN)
        self._lost: float | None = None
        self._open()

    @property
    def due(self) -> float | None:
        """When, by the monotonic clock, a pipe that was lost is to be made anew; None while it is at its place."""
        return self._lost

    def look(self, now: float) -> bool:
        """Notice what became of the pipe, and make it anew when that is due, which is told. Raises `OSError` where it cannot be made."""
        if not self.is_lost():
            self._lost = None
        elif self._lost is None:
            self._lost = now + _SETTLING
        elif now >= self._lost:
            self._close()
            self._open()
            return True
        return False

    def _open(self) -> None:
        self.pipe = open_pipe(self._path)
        self._poll.register(self.pipe, select.POLLIN)
        self._folder = os.open(os.path.dirname(self._path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with suppress(OSError):  # a kernel without it
            fcntl.fcntl(self._folder, fcntl.F_NOTIFY, _CHANGES)
        self._lost = None

    def _close(self) -> None:
        self._poll.unregister(self.pipe)
        os.close(self.pipe)
        os.close(self._folder)

    def is_lost(self) -> bool:
        """Whether something else, or nothing, is at the pipe's place. The bell is silent again."""
        drain(self.bell)
        try:
            found = os.lstat(self._path)
        except OSError:
            return True
        return not os.path.samestat(found, os.fstat(self.pipe))


def _bell() -> int:
    """A descriptor that is readable when a signal has come; SIGIO, which would end the process, does no more than that."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGIO, lambda *_signal: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading
