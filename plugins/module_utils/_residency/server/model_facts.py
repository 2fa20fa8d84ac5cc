# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be found out about a model before it is pulled or made: from its registry, from the file that it is made of, from the server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Callable

from ..._base.folders import UnsafePath, open_regular
from ..._base.text import short_repr
from ..decide.model_actions import RegistryAnswer
from ..decide.wanted_models import WantedModel
from ..values.model_name import ModelName
from ..values.modelfile import Modelfile, parse_modelfile
from ..values.observation import InstalledModel
from .client import ModelNotFound
from .made_record import MadeRecord, fingerprint
from .registry import NotInRegistry, Registry, RegistryUnknown
from .store import ModelStore
from .transfer import Progress

_PIECE = 1024 * 1024  # bytes

Tell = Callable[[str, Progress], None]
"""Hears of every step, with the model's name."""


class GgufError(Exception):
    """A file that no model can be made of; the message is one sentence."""


class SourceFiles:
    """The files that models are made of."""

    def source_problem(self, recipe: Modelfile) -> str | None:
        """Why no model can be made of it."""
        try:
            if recipe.is_file:
                check_gguf(recipe.source)
        except GgufError as error:
            return str(error)
        return None


@dataclass
class ModelFacts(SourceFiles):
    """`made`: what was made of which file. `warnings`: what could not be remembered."""

    store: ModelStore
    registry: Registry
    tell: Tell
    made: MadeRecord | None = None
    warnings: list[str] = field(default_factory=list)
    _digests: dict[str, str] = field(default_factory=dict)

    def ask_registry(self, wanted: WantedModel) -> RegistryAnswer:
        """What its registry says."""
        try:
            return RegistryAnswer(self.registry.find(wanted.name, wanted.insecure))
        except RegistryUnknown as unknown:
            return RegistryAnswer(doubt=str(unknown))
        except NotInRegistry as missing:
            return RegistryAnswer(refusal=str(missing))

    def is_made_so(self, wanted: WantedModel, there: InstalledModel, recipe: Modelfile) -> bool:
        """By what we remember having made it of, else by the weights' digest and by what its Modelfile says."""
        if recipe.is_file:
            source: str | None = self.digest(wanted, recipe.source)
            if self.made is not None and self.made.knows(wanted.name, fingerprint(str(source), recipe), there.digest):
                return True
        else:
            source = self.blob(ModelName.parse(recipe.source))
        if self.blob(wanted.name) != source:
            return False
        return recipe.agrees_with(parse_modelfile(self.store.modelfile(wanted.name)))

    def remember(self, wanted: WantedModel, installed: Iterable[InstalledModel], digest: str) -> None:
        """That it was made, by which recipe, and what it is now."""
        if self.made is None or wanted.recipe is None or not wanted.recipe.is_file:
            return
        made_of = fingerprint(self.digest(wanted, wanted.recipe.source), wanted.recipe)
        try:
            self.made.note(wanted.name, made_of, digest, [model.name for model in installed])
        except OSError as error:
            self.warnings.append(f"{error.filename} cannot be written ({error.strerror}), so that {wanted.declared} is made anew at the next run: become root")

    def blob(self, name: ModelName) -> str | None:
        """The digest of its weights; None where there is no such model."""
        try:
            return self.store.card(name).blob
        except ModelNotFound:
            return None

    def digest(self, wanted: WantedModel, path: str) -> str:
        """Of the file's content, read once a run. Raises `GgufError`."""
        if path not in self._digests:
            check_gguf(path)
            hasher, done = hashlib.sha256(), 0
            with open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                for piece in iter(lambda: file.read(_PIECE), b""):
                    hasher.update(piece)
                    done += len(piece)
                    self.tell(wanted.declared, Progress("reading the file", done, size))
            self._digests[path] = hasher.hexdigest()
        return self._digests[path]


def check_gguf(path: str) -> None:
    """Raises `GgufError` for a file that is none."""
    try:
        with open_regular(path) as file:
            magic = file.read(4)
    except UnsafePath as error:
        raise GgufError(str(error)) from error
    except OSError as error:
        raise GgufError(f"{short_repr(path)} cannot be read on the host: {error.strerror}") from error
    if magic != b"GGUF":
        raise GgufError(f"{short_repr(path)} is no GGUF file: it begins with {magic!r}, not with b'GGUF'")
