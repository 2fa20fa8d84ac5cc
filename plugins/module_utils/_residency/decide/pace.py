# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a pass waits for what. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .actions import WAIT
from .drifts import LOADING
from .progress import Progress
from .verdicts import Verdict

_LONGEST_PAUSE = 2.0  # seconds


@dataclass(frozen=True)
class Pace:
    """In seconds. `verify`: how long after the last act the list may take to show it; `loading`: how long another's
    load is waited for; `look`: between two looks at first; `repin`: between two looks while a load runs."""

    verify: float = 15.0
    loading: float = 900.0
    look: float = 0.25
    repin: float = 15.0

    def pause(self, idle: float) -> float:
        """Before the next look: the longer nothing happened, the longer, since somebody else's load may take minutes."""
        return min(self.look + idle / 20, _LONGEST_PAUSE)

    def is_worth_waiting(self, verdict: Verdict, progress: Progress, idle: float) -> bool:
        """Whether the next look at this model may show it as declared; `idle` is for how long nothing was done."""
        if progress.failure or verdict.settled or verdict.refusal:
            return False
        if LOADING in verdict.drift and idle < self.loading + 2 * _LONGEST_PAUSE:  # what comes then is a load
            return True
        return bool(progress.attempts or verdict.action == WAIT) and idle < self.verify
