# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a plan out against a server and verifies it, within deadlines.

One loop serves acting and verifying: look, plan, do the next thing that is worth doing, look again; when nothing is
left to do, wait until everything is as declared or the deadline has passed. It takes no lock: it reads again just
before each action, and calls only its own act a change.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Callable, Protocol

from ..._base.background import Background
from ..decide.actions import DROP, LOAD, LOADS, PROBE, REVIVE, SET_EXPIRY, WAIT
from ..decide.cause_rules import DECLARATION_CHANGED, EVICTED, INFERRED, NEVER_LOADED, OBSERVED, SERVER_RESTARTED
from ..decide.causes import name_causes, present_of
from ..decide.declaration import KEEP_ALIVE, NUM_CTX
from ..decide.displacement import neighbours, newcomers
from ..decide.drifts import BUSY, EXPIRING, HUNG_RUNNER, LOADING, NOT_LOADED, OVERSTAYING, STALE_DIGEST
from ..decide.plan import make_plan
from ..decide.progress import PassResult, Progress
from ..decide.verdicts import History, Plan, Stray, Verdict
from ..server.client import OllamaServer, ServerFailure, ServerUnreachable
from ..server.observer import Observer
from ..server.processes import process_id
from ..values.model_name import ModelName
from ..values.observation import ModelCard, Observation
from ..values.past import Cause, Past, remember
from ..values.policy import DeclaredModel, Policy

_FIRST = (SET_EXPIRY, PROBE)
_LONGEST_PAUSE = 2.0  # seconds


class Clock(Protocol):
    """Where time comes from, so that tests need none."""

    def monotonic(self) -> float:
        """Seconds since some fixed point."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


@dataclass(frozen=True)
class Pace:
    """In seconds. C(verify): how long after the last act the list may take to show it; C(loading): how long another's
    load is waited for; C(look): between two looks at first; C(repin): between two looks while a load runs."""

    verify: float = 15.0
    loading: float = 900.0
    look: float = 0.25
    repin: float = 15.0

    def pause(self, idle: float) -> float:
        """Before the next look: the longer nothing happened, the longer, since somebody else's load may take minutes."""
        return min(self.look + idle / 20, _LONGEST_PAUSE)


class Warmer:
    """Makes one pass. C(only): act on these declared models and leave the others to whoever looks after them."""

    def __init__(
        self,
        observer: Observer,
        policy: Policy,
        history: History | None = None,
        only: frozenset[ModelName] | None = None,
        pace: Pace | None = None,
        clock: Clock = time,
    ) -> None:
        self._observer = observer
        self._server = observer.server
        self._policy = policy
        self._only = only
        self._pace = pace or Pace()
        self._history = replace(history or History(), loading=self._pace.loading)
        self._clock = clock
        self._progress: dict[ModelName, Progress] = {}
        self._strays: list[Stray] = []
        self._told: set[ModelName] = set()
        self._tried_again: set[ModelName] = set()
        self._look: Observation | None = None
        self._warnings: list[str] = []
        self._started = 0.0
        self._past = self._history.past
        self._is_new_start = self._past is not None and self._past.server != self._history.server
        self._reloads_left = self._history.reloads
        self.loading: ModelName | None = None
        """What the server was loading when a pass ended with an exception."""

    def run(self) -> PassResult:
        """Act and verify. Raises C(ServerFailure) if the server cannot be observed at all."""
        self._started = self._clock.monotonic()
        look, plan = self._observe()
        noticed_after = self._clock.monotonic() - self._started
        if plan.has_work or any(entry.context_length is None for entry in look.resident):
            self._server.require_version()
        last_act = self._clock.monotonic()
        while True:
            idle = self._clock.monotonic() - last_act
            if self._act(plan):
                last_act = self._clock.monotonic()
            elif not self._worth_waiting(plan, idle):
                break
            else:
                self._clock.sleep(self._pace.pause(idle))
            look, plan = self._observe()
        self._conclude(look)
        done = (self._progress[verdict.model.name] for verdict in plan.within(self._only).verdicts)
        return PassResult(tuple(done), tuple(self._strays), look, tuple(self._warnings), self._past or Past(), noticed_after)

    def _observe(self) -> tuple[Observation, Plan]:
        self._look = look = self._observer.look()
        plan = make_plan(self._policy, look, self._history)
        for verdict in plan.verdicts:
            known = self._progress.get(verdict.model.name)
            if known is None:
                self._progress[verdict.model.name] = Progress(verdict.model, verdict, verdict, failure=verdict.refusal)
            else:
                known.last = verdict
        self._explain(look, plan)
        return look, plan

    def _explain(self, look: Observation, plan: Plan) -> None:
        """Name the causes of what drifted since the look before. What shows while we load a model is our own doing."""
        present = present_of(self._history.server, look, plan, self._past)
        for verdict in plan.verdicts:
            progress = self._progress[verdict.model.name]
            if LOADS.isdisjoint(progress.attempts):
                named = name_causes(verdict, self._past, present, self._history.going_on)
                progress.causes = {**named, **progress.causes}
            progress.note_mended(self._clock.monotonic() - self._started)
        if self._history.past is not None:
            declared = {verdict.model.name: verdict.listed for verdict in plan.verdicts}
            loading = frozenset(verdict.model.name for verdict in plan.verdicts if LOADING in verdict.drift)
            self._past = remember(self._history.server, look, declared, self._past, loading)

    def _act(self, plan: Plan) -> bool:
        """Do the next thing worth doing: expiries first, since loading takes minutes; then one load."""
        for verdict in self._open(plan):
            if verdict.action in _FIRST:
                self._touch(verdict)
                return True
        for stray in plan.strays:
            if self._only is None and stray.name not in self._told:
                self._handle_stray(stray)
                return True
        for verdict in sorted(self._open(plan), key=lambda verdict: verdict.model.name in self._history.failed):
            if verdict.action in LOADS and self._affords(verdict):
                self._load(verdict, plan)
                return True
        return False

    def _affords(self, verdict: Verdict) -> bool:
        """A first load is never withheld, nor what was declared anew; what was in memory on this start of the server
        already comes out of the budget."""
        progress = self._progress[verdict.model.name]
        cause = progress.cause
        first = cause is None or cause.word in (NEVER_LOADED, SERVER_RESTARTED, DECLARATION_CHANGED) or self._is_new_start
        if self._reloads_left is None or first:
            return True
        if self._reloads_left > 0:
            self._reloads_left -= 1
            return True
        progress.withheld = f"{verdict.model.declared} is not loaded again for now: the budget of reloads per hour is spent"
        return False

    def _open(self, plan: Plan) -> Iterator[Verdict]:
        """The verdicts whose action is in scope and still worth an attempt."""
        mine = plan.within(self._only).verdicts
        return (verdict for verdict in mine if self._progress[verdict.model.name].may(verdict.action))

    def _touch(self, verdict: Verdict) -> None:
        progress = self._begin(verdict)
        progress.before_act = verdict.listed
        if self._attempt(progress, lambda: self._request(verdict)) and verdict.action == SET_EXPIRY:
            progress.changed = True
            self._put_into_effect(verdict.model.name, KEEP_ALIVE)

    def _handle_stray(self, stray: Stray) -> None:
        name = stray.name
        self._told.add(name)
        try:
            if stray.action == DROP:
                self._server.unload(name)
            else:
                card = stray.card or self._server.card(name)
                self._server.load(name, card.generates, stray.keep_alive, card.asked_context(stray.listed.context_length))
        except ServerUnreachable:
            raise
        except ServerFailure as failure:
            self._warnings.append(f"{stray.action} of {name}, which is not declared, failed: {failure}")
        else:
            self._strays.append(stray)

    def _load(self, verdict: Verdict, plan: Plan) -> None:
        progress = self._begin(verdict)
        start, before = self._clock.monotonic(), self._look
        self.loading = verdict.model.name
        done = self._attempt(progress, lambda: self._load_in_background(verdict))
        self.loading = None
        if done:
            progress.changed = True
            progress.load_seconds = round(self._clock.monotonic() - start, 3)
            self._put_into_effect(verdict.model.name, KEEP_ALIVE, NUM_CTX)
            self._settle_displacement(progress, plan, before, replaces=STALE_DIGEST in verdict.drift)

    def _put_into_effect(self, name: ModelName, *words: str) -> None:
        """Once: what differs from the declaration from now on is somebody else's doing."""
        left = self._history.redeclared.get(name, frozenset()) - set(words)
        self._history = replace(self._history, redeclared={**self._history.redeclared, name: left})

    def _load_in_background(self, verdict: Verdict) -> None:
        """While it runs, which may take minutes, the others' expiries are looked after."""
        connection = self._server.another()
        worker = Background(lambda: self._load_with(connection, verdict))
        while not worker.wait(self._pace.repin):
            self._look_after_others(verdict)
        worker.result()

    def _load_with(self, server: OllamaServer, verdict: Verdict) -> None:
        """A load request alone waits for a hung runner's answer first."""
        if HUNG_RUNNER in verdict.drift:
            server.unload(verdict.model.name)
        self._request(verdict, server.load)

    def _look_after_others(self, loading: Verdict) -> None:
        """A look that fails is not the load's failure: /api/ps waits for locks that an unload holds
        (docs/ollama-semantics.md#the-list-waits-for-an-unload). Where the server is gone, the load will tell."""
        try:
            _look, plan = self._observe()
        except ServerFailure:
            return
        for other in self._open(plan):
            if other.action == SET_EXPIRY and other.model != loading.model:
                self._touch(other)

    def _request(self, verdict: Verdict, load: Callable[..., None] | None = None) -> None:
        card = verdict.card or ModelCard(blob=None)
        (load or self._server.load)(verdict.model.name, card.generates, verdict.model.keep_alive, verdict.num_ctx)

    def _begin(self, verdict: Verdict) -> Progress:
        progress = self._progress[verdict.model.name]
        progress.attempts[verdict.action] = progress.attempts.get(verdict.action, 0) + 1
        if verdict.action in LOADS or progress.action not in LOADS:
            progress.action = verdict.action
        return progress

    def _attempt(self, progress: Progress, act: Callable[[], None]) -> bool:
        """A model that fails never holds up the others; a server that is gone ends the pass."""
        try:
            act()
        except ServerUnreachable:
            raise
        except ServerFailure as failure:
            progress.failure = f"{progress.action} of {progress.model.declared} failed: {failure}"
            return False
        return True

    def _settle_displacement(self, loaded: Progress, plan: Plan, earlier: Observation | None, replaces: bool) -> None:
        """A load may cost other pins their places. Those declared first keep theirs; nothing is fought over. What made place for
        weights that replace older ones is loaded once more: the older ones may make place for that in turn, and nothing else
        can have the server choose them (docs/ollama-semantics.md#new-weights-under-the-same-name)."""
        others = {verdict.model.name for verdict in plan.verdicts if verdict.in_memory and verdict.model.is_pin} - {loaded.model.name}
        after, _plan = self._observe()
        looks = (earlier or after, after)
        displaced = [progress for name, progress in self._progress.items() if name in others and not progress.last.in_memory]
        before = [progress for progress in displaced if self._rank(progress.model) < self._rank(loaded.model)]
        if displaced and self._others_came(displaced, looks, others | {loaded.model.name}):
            return
        for progress in displaced:
            progress.causes[NOT_LOADED] = Cause(EVICTED, OBSERVED, (str(loaded.model.name),))
        if replaces and all(progress.may(LOAD) for progress in displaced):
            return
        if before:
            loaded.beside = neighbours(looks, str(loaded.model.name))
            self._give_way(loaded, [progress.model for progress in before], displaced)
            return
        for progress in displaced:
            progress.set_aside = True
            progress.rivals = (str(loaded.model.name),)
            progress.beside = neighbours(looks, str(progress.model.name))
            progress.failure = f"{progress.model.declared} lost its place in memory when {loaded.model.declared} was loaded"

    def _others_came(self, displaced: list[Progress], looks: tuple[Observation, Observation], ours: set[ModelName]) -> bool:
        """Whether a client's load may be what cost them their places: ours gives way to nothing then, and they are loaded again,
        once, which may take the newcomer's place."""
        came = newcomers(*looks, frozenset(map(str, ours)))
        if not came or self._tried_again.issuperset(progress.model.name for progress in displaced):
            return False
        for progress in displaced:
            progress.causes[NOT_LOADED] = Cause(EVICTED, INFERRED, tuple(str(entry.name) for entry in came))
            progress.attempts.pop(LOAD, None)
            self._tried_again.add(progress.model.name)
        return True

    def _rank(self, model: DeclaredModel) -> tuple[bool, int]:
        """Who stays where not all fit: pins before what is loaded once, then in declared order."""
        return (not model.is_pin, self._policy.models.index(model))

    def _give_way(self, loaded: Progress, before: list[DeclaredModel], displaced: list[Progress]) -> None:
        """What was loaded goes, and all that it displaced may come back."""
        self._attempt(loaded, lambda: self._server.unload(loaded.model.name))
        loaded.set_aside = True
        loaded.rivals = tuple(str(model.name) for model in before)
        loaded.failure = (
            f"{loaded.model.declared} was set aside: loading it cost {' and '.join(model.declared for model in before)},"
            f" which {'is' if len(before) == 1 else 'are'} to stay before it, {'its place' if len(before) == 1 else 'their places'} in memory"
        )
        for progress in displaced:
            progress.attempts.pop(LOAD, None)

    def _worth_waiting(self, plan: Plan, idle: float) -> bool:
        for verdict in plan.within(self._only).verdicts:
            progress = self._progress[verdict.model.name]
            if progress.failure or verdict.settled or verdict.refusal:
                continue
            if LOADING in verdict.drift and idle < self._pace.loading + 2 * _LONGEST_PAUSE:  # what comes then is a load
                return True
            if (progress.attempts or verdict.action == WAIT) and idle < self._pace.verify:
                return True
        return False

    def _conclude(self, look: Observation) -> None:
        """After the deadline: an expiry that we set but that is not shown yet belongs to a busy model, and a runner that hangs on
        cannot be ended."""
        for progress in self._progress.values():
            if HUNG_RUNNER in progress.last.drift and REVIVE in progress.attempts:
                progress.failure = _unkillable(progress.last, look)
            if progress.attempts.get(SET_EXPIRY) and progress.shows_old_expiry:
                progress.last = _as_busy(progress.last)


def _unkillable(verdict: Verdict, look: Observation) -> str:
    pid = process_id(look.runner_of(verdict.installed.digest if verdict.installed else ""))
    return (
        f"{verdict.model.declared} has a hung runner process ({pid}) that stayed although the server was told to unload it: it cannot be"
        " killed before what it waits for (a disk, a GPU, a network mount) answers; restart the server, or the host if it still stays"
    )


def _as_busy(verdict: Verdict) -> Verdict:
    kept = tuple(word for word in verdict.drift if word not in (EXPIRING, OVERSTAYING, BUSY))
    return replace(verdict, drift=(*kept, BUSY))
