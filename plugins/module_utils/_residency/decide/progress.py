# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened to each declared model in a pass, and what a pass found, did and verified."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..values.observation import Observation, ResidentModel
from ..values.past import Cause, Past
from ..values.policy import DeclaredModel
from .actions import LOADS, NO_ACTION, PROBE, SET_EXPIRY
from .causes import chief
from .drifts import UNDECIDED
from .verdicts import Stray, Verdict

_MOST_ATTEMPTS = {SET_EXPIRY: 3}  # against a client that keeps changing it; a load is tried once a pass


@dataclass
class Progress:
    """What happened to one declared model in this pass. `causes` are by drift, of the look that first showed it;
    `mended` is how many seconds into the pass each of them was first seen to be over; `rivals` are the
    models that it does not fit beside, `beside` all that was in memory then, with sizes in bytes; `withheld` is why a load that was due was not made."""

    model: DeclaredModel
    first: Verdict
    last: Verdict
    action: str = NO_ACTION
    changed: bool = False
    load_seconds: float | None = None
    failure: str | None = None
    set_aside: bool = False
    attempts: dict[str, int] = field(default_factory=dict)
    before_act: ResidentModel | None = None
    causes: dict[str, Cause] = field(default_factory=dict)
    mended: dict[str, float] = field(default_factory=dict)
    rivals: tuple[str, ...] = ()
    beside: dict[str, int] = field(default_factory=dict)
    withheld: str | None = None

    @property
    def cause(self) -> Cause | None:
        """Why it was not as declared; None where it always was."""
        return chief(self.causes)

    @property
    def was_slow(self) -> bool:
        """Whether its load took so long that it counts as a cold start."""
        slow = self.model.slow_load_seconds
        return slow is not None and self.load_seconds is not None and self.load_seconds > slow

    @property
    def load_failed(self) -> bool:
        """Whether the server could not load it; being in another's way is no failure of its own."""
        return self.failure is not None and not self.set_aside and not LOADS.isdisjoint(self.attempts)

    def note_mended(self, seconds: float) -> None:
        """So long after the pass began: what of `causes` is over. A model that is loading or busy is undecided, and neither back
        nor gone."""
        if UNDECIDED.intersection(self.last.drift):
            return
        over = [word for word in self.causes if word not in self.last.drift]
        self.mended = {word: self.mended.get(word, seconds) for word in over}

    def may(self, action: str) -> bool:
        """Whether this action is still worth an attempt."""
        if self.set_aside or self.failure or self.attempts.get(action, 0) >= _MOST_ATTEMPTS.get(action, 1):
            return False
        if action == PROBE:
            return not self.attempts  # whatever was done was a matching load, too
        return not (action == SET_EXPIRY and self.attempts.get(action) and self.shows_old_expiry)

    @property
    def resident(self) -> bool | None:
        """As the last verdict; where processes cannot be seen, a matching load that succeeded is the proof."""
        if self.set_aside or self.last.resident is not None:
            return self.last.resident
        return True if self.attempts and not self.failure else None

    @property
    def shows_old_expiry(self) -> bool:
        """Whether the list still shows what it showed before we set the expiry: a request is running on it."""
        return bool(self.before_act and self.last.listed and self.last.listed.expiry == self.before_act.expiry)


@dataclass(frozen=True)
class PassResult:
    """What a pass found, did and verified, for the models it was to act on, in declared order. `past` is its last look,
    for the next pass; `noticed_after` is how many seconds after its begin the first look was."""

    models: tuple[Progress, ...]
    strays: tuple[Stray, ...]
    look: Observation
    warnings: tuple[str, ...]
    past: Past = field(default_factory=Past)
    noticed_after: float = 0.0
