# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a transfer is: the lines of /api/pull and /api/create as values, and when one has stalled. Pure but for the clock.

While it fetches, the server writes a line every 60 ms whether bytes come or not (server/download.go: Wait), so that lines
prove nothing: only what they say does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from ..._base.readers import InvalidValue
from ..._base.text import human_bytes, one_line, short_repr

SUCCESS = "success"


class TransferFailed(InvalidValue):
    """The error line of a stream, as the server words it."""


@dataclass(frozen=True)
class Progress:
    """One line: what is being done; ``completed`` of ``total`` bytes, 0 of 0 where it is not about bytes."""

    status: str
    completed: int = 0
    total: int = 0

    @property
    def percent(self) -> int | None:
        """Whole percent, rounded down so that 100 means all of it."""
        return min(100 * self.completed // self.total, 100) if self.total else None

    def __str__(self) -> str:
        if self.percent is None:
            return self.status
        return f"{self.status}: {self.percent} % of {human_bytes(self.total)}"


Report = Callable[[Progress], None]


def read_progress(line: Any) -> Progress:
    """Raises `TransferFailed` for an error line, `ValueError` for what is no line of a transfer."""
    if not isinstance(line, Mapping):
        raise ValueError(f"{short_repr(line)} is no line of progress")
    if "error" in line:
        raise TransferFailed(one_line(str(line["error"])))
    status = line.get("status")
    if not isinstance(status, str):
        raise ValueError(f"{short_repr(dict(line))} is no line of progress")
    return Progress(one_line(status), _count(line, "completed"), _count(line, "total"))


def _count(line: Mapping[str, Any], key: str) -> int:
    """A zero is left out by the server."""
    count = line.get(key, 0)
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"{key} {short_repr(count)} is no number of bytes")
    return count


class StallWatch:
    """Tells when nothing has moved for `seconds`: neither what is being done nor how much of it."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._last: Progress | None = None
        self._since = clock()

    def see(self, progress: Progress) -> None:
        """Take notice of a line."""
        if progress != self._last:
            self._last, self._since = progress, self._clock()

    @property
    def stalled(self) -> bool:
        """Whether it has been that long."""
        return self.left <= 0

    @property
    def left(self) -> float:
        """Seconds until it has been that long."""
        return self.seconds - (self._clock() - self._since)

    @property
    def where(self) -> str:
        """The last thing that was heard."""
        return str(self._last) if self._last else "nothing was heard at all"
