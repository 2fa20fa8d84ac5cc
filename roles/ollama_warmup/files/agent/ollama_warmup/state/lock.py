# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager


class Locked(Exception):
    """Another pass holds the lock."""


@contextmanager
def only_one(folder: str) -> Iterator[None]:
    """Hold the instance's lock. Raises `Locked`; the kernel lets go of it when the holder ends, however it ends."""
    path = os.path.join(folder, "lock")
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Locked(f"another pass is running (it holds {path})") from error
    finally:
        os.close(lock)
