# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out which models are to be on a server's disk: asks, decides, pulls, makes and deletes, and verifies."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Callable

from ..._base.folders import UnsafePath, open_regular
from ..._base.text import short_repr
from ..decide import wanted_models
from ..decide.wanted_models import ABSENT, CREATE, DELETE, LATEST, NO_ACTION, PULL, Decision, WantedModel
from ..server.client import ModelNotFound, ServerFailure
from ..server.made_record import MadeRecord, fingerprint
from ..server.registry import NotInRegistry, Registry, RegistryUnknown
from ..server.store import ModelStore
from ..server.transfer import Progress
from ..values.model_name import ModelName
from ..values.modelfile import Modelfile, parse_modelfile
from ..values.observation import InstalledModel
from .replaced_model import ReplacedModelAlias
from .retrying import may_pass
from .warmer import Clock

_LONGEST_PAUSE = 30.0  # seconds
_PIECE = 1024 * 1024  # bytes

Tell = Callable[[str, Progress], None]


@dataclass
class Outcome:
    """What became of one model. C(before) and C(after) are digests; C(attempts) how often it was pulled or made."""

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


class GgufError(Exception):
    """A file that no model can be made of; the message is one sentence."""


@dataclass
class ModelInstaller:
    """C(tell) hears of every step, with the model's name. C(retries): how often a transfer that failed is taken up again.
    C(unload_replaced): whether weights in memory go when their name gets new ones. C(made): what was made of which file."""

    store: ModelStore
    registry: Registry
    tell: Tell
    retries: int = 5
    unload_replaced: bool = False
    clock: Clock = field(default=time)
    made: MadeRecord | None = None
    warnings: list[str] = field(default_factory=list)
    _digests: dict[str, str] = field(default_factory=dict)

    def decide(self, wanted: WantedModel, installed: Iterable[InstalledModel], foresee: bool) -> Decision:
        """What to do. C(foresee): ask the registry about what is missing too, as check mode does; a pull would find out
        by itself. Raises C(ServerFailure)."""
        there = wanted_models.find(installed, wanted.name)
        if wanted.state == ABSENT:
            return Decision(wanted, there, DELETE if there else NO_ACTION)
        if wanted.recipe:
            return self._decide_recipe(wanted, there, wanted.recipe)
        if there and wanted.state != LATEST:
            return Decision(wanted, there, NO_ACTION)
        return self._decide_pull(wanted, there) if there or foresee else Decision(wanted, there, PULL)

    def _decide_pull(self, wanted: WantedModel, there: InstalledModel | None) -> Decision:
        try:
            upstream = self.registry.find(wanted.name, wanted.insecure)
        except RegistryUnknown as unknown:
            return Decision(wanted, there, PULL, doubt=str(unknown))
        except NotInRegistry as missing:
            return Decision(wanted, there, PULL, refusal=str(missing))
        current = there is not None and there.digest == upstream.digest
        return Decision(wanted, there, NO_ACTION if current else PULL, upstream)

    def _decide_recipe(self, wanted: WantedModel, there: InstalledModel | None, recipe: Modelfile) -> Decision:
        if there and wanted.state != LATEST:
            return Decision(wanted, there, NO_ACTION)
        try:
            current = there is not None and self._is_made_so(wanted, there, recipe)
            if recipe.is_file:
                _check_gguf(recipe.source)
        except GgufError as error:
            return Decision(wanted, there, CREATE, refusal=str(error))
        return Decision(wanted, there, NO_ACTION if current else CREATE)

    def _is_made_so(self, wanted: WantedModel, there: InstalledModel, recipe: Modelfile) -> bool:
        """By what we remember having made it of, else by the weights' digest and by what its Modelfile says."""
        if recipe.is_file:
            source: str | None = self._digest(wanted, recipe.source)
            if self.made is not None and self.made.knows(wanted.name, fingerprint(str(source), recipe), there.digest):
                return True
        else:
            source = self._blob(ModelName.parse(recipe.source))
        if self._blob(wanted.name) != source:
            return False
        return recipe.agrees_with(parse_modelfile(self.store.modelfile(wanted.name)))

    def _remember(self, wanted: WantedModel, installed: Iterable[InstalledModel], digest: str) -> None:
        if self.made is None or wanted.recipe is None or not wanted.recipe.is_file:
            return
        made_of = fingerprint(self._digest(wanted, wanted.recipe.source), wanted.recipe)
        try:
            self.made.note(wanted.name, made_of, digest, [model.name for model in installed])
        except OSError as error:
            self.warnings.append(f"{error.filename} cannot be written ({error.strerror}), so that {wanted.declared} is made anew at the next run: become root")

    def _blob(self, name: ModelName) -> str | None:
        try:
            return self.store.card(name).blob
        except ModelNotFound:
            return None

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
        """Again after a failure that may pass: the server goes on where it was. Raises C(ServerFailure) or C(GgufError)."""
        while True:
            outcome.attempts += 1
            try:
                self._act(outcome.decision)
                return
            except ServerFailure as failure:
                if outcome.attempts > self.retries or not may_pass(failure, outcome.decision.action, outcome.attempts):
                    raise
                pause = min(2.0 ** (outcome.attempts - 1), _LONGEST_PAUSE)
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
        digest = self._digest(wanted, recipe.source)
        if not self.store.has_blob(digest):
            with open_regular(recipe.source) as file:
                self.store.put_blob(digest, file, os.fstat(file.fileno()).st_size, report)
        files = {os.path.basename(recipe.source): f"sha256:{digest}"}
        self.store.create(wanted.name, {"files": files, **recipe.fields}, report)

    def _digest(self, wanted: WantedModel, path: str) -> str:
        """Of the file's content, read once a run. Raises C(GgufError)."""
        if path not in self._digests:
            _check_gguf(path)
            hasher, done = hashlib.sha256(), 0
            with open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                for piece in iter(lambda: file.read(_PIECE), b""):
                    hasher.update(piece)
                    done += len(piece)
                    self.tell(wanted.declared, Progress("reading the file", done, size))
            self._digests[path] = hasher.hexdigest()
        return self._digests[path]

    def _verify(self, outcome: Outcome) -> None:
        installed = self.store.installed()
        there = wanted_models.find(installed, outcome.decision.wanted.name)
        outcome.after = there.digest if there else None
        outcome.size = there.size if there else outcome.size
        if (there is None) != (outcome.decision.action == DELETE):
            state = "does not list it" if there is None else "still lists it"
            raise ServerFailure(f"the server says that it is done, but {state}")
        if there and outcome.decision.action == CREATE:
            self._remember(outcome.decision.wanted, installed, there.digest)

    def delete(self, name: ModelName) -> None:
        """As C(ollama rm) does, it is unloaded first, or it would stay in memory; not where another name has the same
        weights, whose runner that is too. Raises C(ServerFailure)."""
        listed, _now = self.store.resident()
        if any(entry.name == name for entry in listed) and not self._shares_weights(name):
            self.store.unload(name)
        try:
            self.store.delete(name)
        except ModelNotFound:
            return

    def _shares_weights(self, name: ModelName) -> bool:
        blob = self._blob(name)
        others = [model.name for model in self.store.installed() if model.name != name and not model.remote]
        return blob is not None and any(self._blob(other) == blob for other in others)


def decide_from_nothing(wanted: WantedModel) -> Decision:
    """What to do where there are no models at all, as far as that is known without asking a server or a registry."""
    if wanted.state == ABSENT:
        return Decision(wanted, None, NO_ACTION)
    if wanted.recipe is None:
        return Decision(wanted, None, PULL)
    try:
        if wanted.recipe.is_file:
            _check_gguf(wanted.recipe.source)
    except GgufError as error:
        return Decision(wanted, None, CREATE, refusal=str(error))
    return Decision(wanted, None, CREATE)


def _check_gguf(path: str) -> None:
    try:
        with open_regular(path) as file:
            magic = file.read(4)
    except UnsafePath as error:
        raise GgufError(str(error)) from error
    except OSError as error:
        raise GgufError(f"{short_repr(path)} cannot be read on the host: {error.strerror}") from error
    if magic != b"GGUF":
        raise GgufError(f"{short_repr(path)} is no GGUF file: it begins with {magic!r}, not with b'GGUF'")
