# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out what decide/model_actions.py decides of the models on a server's disk: pulls, makes and deletes, and verifies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..._base.folders import open_regular
from ..decide import model_actions, transfer_retries
from ..decide.transfer_retries import FailedTransfer
from ..decide.wanted_models import CREATE, DELETE, NO_ACTION, PULL, Decision, WantedModel, find
from ..server.client import ModelNotFound, ServerFailure, ServerGarbled, ServerRefused, ServerTooOld
from ..server.failures import ServerBrokeOff
from ..server.made_record import MadeRecord
from ..server.model_facts import GgufError, ModelFacts, Tell
from ..server.registry import Registry
from ..server.store import ModelStore, TransferRefused
from ..server.transfer import Progress
from ..values.model_name import ModelName
from ..values.modelfile import Modelfile
from ..values.observation import InstalledModel
from .replaced_model import ReplacedModelAlias
from .warmer import Clock


@dataclass
class Outcome:
    """What became of one model. `before` and `after` are digests; `attempts` how often it was pulled or made."""

    decision: Decision
    before: str | None
    after: str | None
    size: int = 0
    attempts: int = 0
    seconds: float = 0.0
    failure: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the name has other content now, or none, or some for the first time."""
        return self.before != self.after


@dataclass
class ModelInstaller:
    """`tell` hears of every step, with the model's name. `retries`: how often a transfer that failed is taken up again.
    `unload_replaced`: whether weights in memory go when their name gets new ones. `made`: what was made of which file."""

    store: ModelStore
    registry: Registry
    tell: Tell
    retries: int = 5
    unload_replaced: bool = False
    clock: Clock = field(default=time)
    made: MadeRecord | None = None

    def __post_init__(self) -> None:
        self._facts = ModelFacts(self.store, self.registry, self.tell, self.made)

    @property
    def warnings(self) -> list[str]:
        """What could not be remembered."""
        return self._facts.warnings

    def decide(self, wanted: WantedModel, installed: Iterable[InstalledModel], predicts: bool) -> Decision:
        """What to do. `predicts` is for check mode. Raises `ServerFailure`."""
        return model_actions.decide(wanted, find(installed, wanted.name), self._facts, predicts)

    def carry_out(self, decision: Decision) -> Outcome:
        """Do it and look whether it is so; a failure is told, not raised, so that no model holds up the others."""
        there = decision.installed
        before = there.digest if there else None
        outcome = Outcome(decision, before, before, there.size if there else 0, failure=decision.refusal)
        if outcome.failure or decision.action == NO_ACTION:
            return outcome
        start = self.clock.monotonic()
        try:
            self._carry_out(outcome)
        except (ServerFailure, GgufError) as failure:
            outcome.failure = f"{decision.action} of {decision.wanted.declared} failed: {failure}"
        outcome.seconds = round(self.clock.monotonic() - start, 3)
        return outcome

    def _carry_out(self, outcome: Outcome) -> None:
        if not self.unload_replaced or outcome.before is None or outcome.decision.action == DELETE:
            self._attempt(outcome)
            self._verify(outcome)
            return
        with ReplacedModelAlias(self.store, outcome.decision.wanted.name, outcome.before) as replaced:
            self._attempt(outcome)
            self._verify(outcome)
            if outcome.changed:
                replaced.unload()

    def _attempt(self, outcome: Outcome) -> None:
        """Again after a failure that may pass: the server goes on where it was. Raises `ServerFailure` or `GgufError`."""
        while True:
            outcome.attempts += 1
            try:
                self._act(outcome.decision)
                return
            except ServerFailure as failure:
                may_pass = transfer_retries.may_pass(_failed(failure), outcome.decision.action, outcome.attempts)
                if outcome.attempts > self.retries or not may_pass:
                    raise
                pause = transfer_retries.pause(outcome.attempts)
                said = f"attempt {outcome.attempts} failed ({failure}), again in {pause:g} s"
                self.tell(outcome.decision.wanted.declared, Progress(said))
                self.clock.sleep(pause)

    def _act(self, decision: Decision) -> None:
        wanted = decision.wanted
        if decision.action == DELETE:
            self.delete(wanted.name)
        elif decision.action == PULL:
            self.store.pull(wanted.name, wanted.insecure, lambda progress: self.tell(wanted.declared, progress))
        elif wanted.recipe:
            self._create(wanted, wanted.recipe)

    def _create(self, wanted: WantedModel, recipe: Modelfile) -> None:
        def report(progress: Progress) -> None:
            self.tell(wanted.declared, progress)

        if not recipe.is_file:
            self.store.create(wanted.name, {"from": recipe.source, **recipe.fields}, report)
            return
        digest = self._facts.digest(wanted, recipe.source)
        if not self.store.has_blob(digest):
            with open_regular(recipe.source) as file:
                self.store.put_blob(digest, file, os.fstat(file.fileno()).st_size, report)
        files = {os.path.basename(recipe.source): f"sha256:{digest}"}
        self.store.create(wanted.name, {"files": files, **recipe.fields}, report)

    def _verify(self, outcome: Outcome) -> None:
        installed = self.store.installed()
        there = find(installed, outcome.decision.wanted.name)
        outcome.after = there.digest if there else None
        outcome.size = there.size if there else outcome.size
        if (there is None) != (outcome.decision.action == DELETE):
            state = "does not list it" if there is None else "still lists it"
            raise ServerFailure(f"the server says that it is done, but {state}")
        if there and outcome.decision.action == CREATE:
            self._facts.remember(outcome.decision.wanted, installed, there.digest)

    def delete(self, name: ModelName) -> None:
        """As `ollama rm` does, it is unloaded first, or it would stay in memory; not where another name has the same
        weights, whose runner that is too. Raises `ServerFailure`."""
        listed, _now = self.store.resident()
        if any(entry.name == name for entry in listed) and not self._shares_weights(name):
            self.store.unload(name)
        try:
            self.store.delete(name)
        except ModelNotFound:
            return

    def _shares_weights(self, name: ModelName) -> bool:
        blob = self._facts.blob(name)
        others = [model.name for model in self.store.installed() if model.name != name and not model.remote]
        return blob is not None and any(self._facts.blob(other) == blob for other in others)


def _failed(failure: ServerFailure) -> FailedTransfer:
    if isinstance(failure, ServerRefused):
        return FailedTransfer(failure.status, failure.said)
    if isinstance(failure, TransferRefused):
        return FailedTransfer(500, failure.said)
    return FailedTransfer(garbled=isinstance(failure, (ServerGarbled, ServerTooOld)) and not isinstance(failure, ServerBrokeOff))
