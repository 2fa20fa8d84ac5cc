# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's wall clock: the host's, or so many seconds beside it, as on a machine whose clock nobody set.

One for the whole process, as a host has one. Durations are measured on the monotonic clock and know nothing of it.
"""

from __future__ import annotations

import time

_NANOSECONDS = 1_000_000_000


class WallClock:
    """`skew` is in seconds, ahead of the host's clock; below 0 it is behind."""

    def __init__(self) -> None:
        self.skew = 0.0

    def now_ns(self) -> int:
        """Nanoseconds since 1970."""
        return time.time_ns() + int(self.skew * _NANOSECONDS)


WALL = WallClock()
