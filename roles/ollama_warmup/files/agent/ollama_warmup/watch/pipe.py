# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a pass tells the watch that it has ended, since a new runner makes no noise that a program without privilege could hear.

A named pipe: a pass that finds no watch leaves it at that, and the watch needs no kind of socket.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

_NO_READER = (errno.ENOENT, errno.ENXIO)
_FULL = 65536  # bytes that a pipe holds


def notify(path: str) -> None:
    """A pass has ended, and its state is saved. Raises `OSError`."""
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in _NO_READER:
            return
        raise
    try:
        with suppress(BlockingIOError):  # it is full of what the watch has not read yet, which tells it as much
            os.write(pipe, b"\n")
    finally:
        os.close(pipe)


def open_pipe(path: str) -> int:
    """The watch's end, which never blocks. Raises `OSError`."""
    with suppress(FileNotFoundError):
        if not stat.S_ISFIFO(os.lstat(path).st_mode):
            os.unlink(path)
    with suppress(FileExistsError):
        os.mkfifo(path, 0o600)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK)  # a writer as well: a pipe whose last writer is gone would be readable for ever


def drain(pipe: int) -> None:
    """Take whatever was written."""
    with suppress(BlockingIOError):
        os.read(pipe, _FULL)
