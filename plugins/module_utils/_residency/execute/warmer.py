# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a pass against a server and verifies it, within deadlines. What is done, and in which order, decide/ongoing_pass.py says.

One loop serves acting and verifying: look, take the next step, look again; when no step is left, wait until everything is as declared or
the deadline has passed. It takes no lock: it reads again just before each action, and calls only its own act a change.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Callable, Protocol

from ..._base.background import Background
from ..decide.actions import DROP
from ..decide.ongoing_pass import OngoingPass
from ..decide.pace import Pace
from ..decide.progress import PassResult, Progress
from ..decide.steps import Step
from ..decide.verdicts import History, Stray, Verdict
from ..server.client import OllamaServer, ServerFailure, ServerUnreachable
from ..server.observer import Observer
from ..values.model_name import ModelName
from ..values.observation import ModelCard
from ..values.policy import Policy


class Clock(Protocol):
    """Where time comes from, so that tests need none."""

    def monotonic(self) -> float:
        """Seconds since some fixed point."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class Warmer:
    """Makes one pass. `only`: act on these declared models and leave the others to whoever looks after them; `looked` is called after each
    look, with what has become of each declared model so far."""

    def __init__(
        self,
        observer: Observer,
        policy: Policy,
        history: History | None = None,
        only: frozenset[ModelName] | None = None,
        pace: Pace | None = None,
        clock: Clock = time,
        looked: Callable[[Sequence[Progress]], None] = lambda _models: None,
    ) -> None:
        self._observer = observer
        self._server = observer.server
        self._pace = pace or Pace()
        self._pass = OngoingPass(policy, history or History(), only, self._pace)
        self._clock = clock
        self._looked = looked
        self._started = 0.0
        self.loading: ModelName | None = None
        """What the server was loading when a pass ended with an exception."""

    def run(self) -> PassResult:
        """Act and verify. Raises `ServerFailure` if the server cannot be observed at all."""
        self._started = self._clock.monotonic()
        self._look()
        noticed_after = self._clock.monotonic() - self._started
        if self._pass.needs_version:
            self._server.require_version()
        last_act = self._clock.monotonic()
        while True:
            idle = self._clock.monotonic() - last_act
            step = self._pass.choose().step
            if step is not None:
                self._carry_out(step)
                last_act = self._clock.monotonic()
            elif self._pass.is_worth_waiting(idle):
                self._clock.sleep(self._pace.pause(idle))
            else:
                return self._pass.conclude(noticed_after)
            self._look()

    def _look(self) -> None:
        look = self._observer.look()
        self._pass.take(look, self._clock.monotonic() - self._started)
        self._looked(list(self._pass.progress.values()))

    def _carry_out(self, step: Step | Stray) -> None:
        if isinstance(step, Stray):
            self._handle_stray(step)
        elif step.is_load:
            self._load(step)
        else:
            self._touch(step.verdict)

    def _touch(self, verdict: Verdict) -> None:
        self._pass.begin(verdict)
        if self._attempt(verdict, lambda: self._request(verdict)):
            self._pass.note_expiry(verdict)

    def _handle_stray(self, stray: Stray) -> None:
        name = stray.name
        try:
            if stray.action == DROP:
                self._server.unload(name)
            else:
                card = stray.card or self._server.card(name)
                self._server.load(name, card.generates, stray.keep_alive, card.asked_context(stray.listed.context_length))
        except ServerUnreachable:
            raise
        except ServerFailure as failure:
            self._pass.note_stray(stray, str(failure))
        else:
            self._pass.note_stray(stray)

    def _load(self, step: Step) -> None:
        verdict, plan, before = step.verdict, self._pass.plan, self._pass.look
        self._pass.begin(verdict, step.from_budget)
        start = self._clock.monotonic()
        self.loading = verdict.model.name
        done = self._attempt(verdict, lambda: self._load_in_background(step))
        self.loading = None
        if done:
            self._pass.note_load(verdict, self._clock.monotonic() - start)
            self._look()
            if self._pass.settle(verdict, plan, before):
                self._unload_again(verdict)

    def _load_in_background(self, step: Step) -> None:
        """While it runs, which may take minutes, the others' expiries are looked after."""
        connection = self._server.another()
        worker = Background(lambda: self._load_with(connection, step))
        while not worker.wait(self._pace.repin):
            self._look_after_others(step.verdict)
        worker.result()

    def _load_with(self, server: OllamaServer, step: Step) -> None:
        if step.unloads:
            server.unload(step.verdict.model.name)
        self._request(step.verdict, server.load)

    def _look_after_others(self, loading: Verdict) -> None:
        """A look that fails is not the load's failure: /api/ps waits for locks that an unload holds
        (docs/ollama-semantics.md#the-list-waits-for-an-unload). Where the server is gone, the load will tell."""
        try:
            self._look()
        except ServerFailure:
            return
        for other in self._pass.expiries_beside(loading):
            self._touch(other)

    def _request(self, verdict: Verdict, load: Callable[..., None] | None = None) -> None:
        card = verdict.card or ModelCard(blob=None)
        (load or self._server.load)(verdict.model.name, card.generates, verdict.model.keep_alive, verdict.num_ctx)

    def _attempt(self, verdict: Verdict, act: Callable[[], None]) -> bool:
        """A model that fails never holds up the others; a server that is gone ends the pass."""
        try:
            act()
        except ServerUnreachable:
            raise
        except ServerFailure as failure:
            self._pass.fail(verdict, str(failure))
            return False
        return True

    def _unload_again(self, verdict: Verdict) -> None:
        """Whether that succeeds or not, its failure is that it does not fit."""
        try:
            self._server.unload(verdict.model.name)
        except ServerUnreachable:
            raise
        except ServerFailure:
            return
