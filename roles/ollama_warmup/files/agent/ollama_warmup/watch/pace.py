# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the watch may request a pass. A runner that ends now and then is put back at once; one that keeps ending must not become a
loop of loads. Pure: times are seconds of a clock that the caller reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SETTLED = 300
"""A runner that lived as long has not ended of what made the one before it end."""
_AT_ONCE = 3  # so many ends in a row have their passes at once: an operator at work, a test, a client that unloads twice
_FIRST, _LONGEST = 2, 240  # then it waits this long, and twice as long each time; by then the timer is as quick
_GAP = 1  # the least between two requests, whatever ended: far below the start limit of the pass, at which systemd stops listening


@dataclass
class Pace:
    """Keeps what ended apart by a key, so that one runner that keeps ending does not hold up the others."""

    _ends: dict[str, int] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _last: float = float("-inf")

    def ended(self, key: str, lived: float, now: float) -> float:
        """Have a pass requested for what lived so long; returns how much later than at once."""
        if key in self._due:
            return 0
        self._ends[key] = self._ends.get(key, 0) + 1 if lived < SETTLED else 1
        late = _delay(self._ends[key])
        self.postpone(key, late, now)
        return late

    def postpone(self, key: str, seconds: float, now: float) -> None:
        """Have a pass requested in so long."""
        self._due[key] = now + seconds

    def forget(self) -> None:
        """Request nothing of what is due."""
        self._due.clear()

    def next(self) -> float | None:
        """When something is due; None while nothing is, which is nearly always."""
        return max(min(self._due.values()), self._last + _GAP) if self._due else None

    def take(self, now: float) -> frozenset[str]:
        """What a pass is due for now. One pass is for all of it."""
        due = frozenset(key for key, time in self._due.items() if max(time, self._last + _GAP) <= now)
        self._due = _without(self._due, due)
        self._last = now if due else self._last
        return due


def _delay(ends: int) -> float:
    return 0 if ends <= _AT_ONCE else min(_FIRST * 2.0 ** (ends - _AT_ONCE - 1), _LONGEST)


def _without(times: Mapping[str, float], keys: frozenset[str]) -> dict[str, float]:
    return {key: time for key, time in times.items() if key not in keys}
