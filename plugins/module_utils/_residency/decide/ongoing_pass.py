# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass from look to look: what it has seen and tried, what is worth doing next, and what it came to. Pure: no clock, no I/O.

The executor takes a look, asks for the next step, carries it out and says what came of it. All opinions are here, and in what this asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..values.model_name import ModelName
from ..values.observation import Observation
from ..values.past import Past, remember
from ..values.policy import Policy
from ..values.sightings import process_id
from .actions import LOAD, LOADS, REVIVE, SET_EXPIRY
from .causes import name_causes, present_of
from .declaration import KEEP_ALIVE, NUM_CTX
from .drifts import BUSY, EXPIRING, HUNG_RUNNER, LOADING, NOT_LOADED, OVERSTAYING
from .pace import Pace
from .plan import make_plan
from .progress import PassResult, Progress
from .settlement import Loaded, Ruling, judge
from .steps import Choice, Tried, choose, expiries
from .verdicts import History, Plan, Stray, Verdict


@dataclass
class OngoingPass:
    """`only`: act on these declared models and leave the others to whoever looks after them. `look` and `plan` are the last ones."""

    policy: Policy
    history: History = field(default_factory=History)
    only: frozenset[ModelName] | None = None
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self.look: Observation
        self.plan = Plan(())
        self.progress: dict[ModelName, Progress] = {}
        self.warnings: list[str] = []
        self.history = replace(self.history, loading=self.pace.loading)
        self._past = self.history.past
        self._is_new_start = self._past is not None and self._past.server != self.history.server
        self._reloads_left = self.history.reloads
        self._strays: list[Stray] = []
        self._handled: set[ModelName] = set()
        self._tried_again: set[ModelName] = set()

    def take(self, look: Observation, seconds: float) -> None:
        """A look that was taken so long after the pass began."""
        self.look, self.plan = look, make_plan(self.policy, look, self.history)
        for verdict in self.plan.verdicts:
            known = self.progress.get(verdict.model.name)
            if known is None:
                self.progress[verdict.model.name] = Progress(verdict.model, verdict, verdict, failure=verdict.refusal)
            else:
                known.last = verdict
        self._explain(seconds)

    def _explain(self, seconds: float) -> None:
        """Name the causes of what drifted since the look before. What shows while we load a model is our own doing."""
        present = present_of(self.history.server, self.look, self.plan, self._past)
        for verdict in self.plan.verdicts:
            progress = self.progress[verdict.model.name]
            if LOADS.isdisjoint(progress.attempts):
                named = name_causes(verdict, self._past, present, self.history.going_on)
                progress.causes = {**named, **progress.causes}
            progress.note_mended(seconds)
        if self.history.past is not None:
            declared = {verdict.model.name: verdict.listed for verdict in self.plan.verdicts}
            loading = frozenset(verdict.model.name for verdict in self.plan.verdicts if LOADING in verdict.drift)
            self._past = remember(self.history.server, self.look, declared, self._past, loading)

    @property
    def needs_version(self) -> bool:
        """Whether the server has to be one that is understood: a pass that only looks asks no more than it must."""
        return self.plan.has_work or any(entry.context_length is None for entry in self.look.resident)

    def choose(self) -> Choice:
        """The next step. A reload that is chosen is taken."""
        choice = choose(self.plan, self._tried())
        for name, reason in choice.withheld.items():
            self.progress[name].withheld = reason
        return choice

    def expiries_beside(self, loading: Verdict) -> list[Verdict]:
        """What to put right while that load runs."""
        return [verdict for verdict in expiries(self.plan, self._tried()) if verdict.model != loading.model]

    def _tried(self) -> Tried:
        handled = frozenset(self._handled)
        return Tried(self.progress, self.only, handled, self.history.failed, self._reloads_left, self._is_new_start)

    def is_worth_waiting(self, idle: float) -> bool:
        """Whether another look may show more, so long after the last act."""
        verdicts = self.plan.within(self.only).verdicts
        return any(self.pace.is_worth_waiting(verdict, self.progress[verdict.model.name], idle) for verdict in verdicts)

    def begin(self, verdict: Verdict, from_budget: bool = False) -> None:
        """Its action is about to be carried out."""
        progress = self.progress[verdict.model.name]
        progress.attempts[verdict.action] = progress.attempts.get(verdict.action, 0) + 1
        if verdict.action in LOADS or progress.action not in LOADS:
            progress.action = verdict.action
        if verdict.action not in LOADS:
            progress.before_act = verdict.listed
        if from_budget and self._reloads_left is not None:
            self._reloads_left -= 1

    def fail(self, verdict: Verdict, reason: str) -> None:
        """It could not be carried out: a model that fails never holds up the others."""
        progress = self.progress[verdict.model.name]
        progress.failure = f"{progress.action} of {progress.model.declared} failed: {reason}"

    def note_expiry(self, verdict: Verdict) -> None:
        """The request was answered; one that was a probe has changed nothing."""
        if verdict.action == SET_EXPIRY:
            self.progress[verdict.model.name].changed = True
            self._put_into_effect(verdict.model.name, KEEP_ALIVE)

    def note_load(self, verdict: Verdict, seconds: float) -> None:
        """It was loaded, in so many seconds."""
        progress = self.progress[verdict.model.name]
        progress.changed = True
        progress.load_seconds = round(seconds, 3)
        self._put_into_effect(verdict.model.name, KEEP_ALIVE, NUM_CTX)

    def note_stray(self, stray: Stray, failure: str | None = None) -> None:
        """It was dealt with, which is not tried twice."""
        self._handled.add(stray.name)
        if failure is None:
            self._strays.append(stray)
        else:
            self.warnings.append(f"{stray.action} of {stray.name}, which is not declared, failed: {failure}")

    def settle(self, verdict: Verdict, plan: Plan, before: Observation) -> bool:
        """After the look behind a load, made by that `plan` after the look `before`: whether what was loaded has to go again."""
        ruling = judge(Loaded(verdict, plan, (before, self.look)), self.progress.values(), self.policy, frozenset(self._tried_again))
        self._obey(ruling)
        return verdict.model.name in ruling.gives_way

    def _obey(self, ruling: Ruling) -> None:
        for name, cause in ruling.causes.items():
            self.progress[name].causes[NOT_LOADED] = cause
        for name in ruling.again:
            self.progress[name].attempts.pop(LOAD, None)
        if ruling.clients_came:
            self._tried_again |= ruling.again
        for name, aside in ruling.gives_way.items():
            progress = self.progress[name]
            progress.set_aside, progress.rivals, progress.beside, progress.failure = True, aside.rivals, aside.beside, aside.sentence

    def _put_into_effect(self, name: ModelName, *words: str) -> None:
        """Once: what differs from the declaration from now on is somebody else's doing."""
        left = self.history.redeclared.get(name, frozenset()) - set(words)
        self.history = replace(self.history, redeclared={**self.history.redeclared, name: left})

    def conclude(self, noticed_after: float) -> PassResult:
        """After the deadline: an expiry that we set but that is not shown yet belongs to a busy model, and a runner that hangs on
        cannot be ended."""
        for progress in self.progress.values():
            if HUNG_RUNNER in progress.last.drift and REVIVE in progress.attempts:
                progress.failure = _unkillable(progress.last, self.look)
            if progress.attempts.get(SET_EXPIRY) and progress.shows_old_expiry:
                progress.last = _as_busy(progress.last)
        done = tuple(self.progress[verdict.model.name] for verdict in self.plan.within(self.only).verdicts)
        return PassResult(done, tuple(self._strays), self.look, tuple(self.warnings), self._past or Past(), noticed_after)


def _unkillable(verdict: Verdict, look: Observation) -> str:
    pid = process_id(look.runner_of(verdict.installed.digest if verdict.installed else ""))
    return (
        f"{verdict.model.declared} has a hung runner process ({pid}) that stayed although the server was told to unload it: it cannot be"
        " killed before what it waits for (a disk, a GPU, a network mount) answers; restart the server, or the host if it still stays"
    )


def _as_busy(verdict: Verdict) -> Verdict:
    kept = tuple(word for word in verdict.drift if word not in (EXPIRING, OVERSTAYING, BUSY))
    return replace(verdict, drift=(*kept, BUSY))
