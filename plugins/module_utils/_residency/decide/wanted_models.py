# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which models are to be on the disk of a server: what is declared x what is installed -> what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._base.readers import read_switch
from ..._base.text import short_repr
from ..values.model_name import ModelName, ModelNameError
from ..values.modelfile import Modelfile, parse_modelfile
from ..values.observation import InstalledModel
from ..values.policy_reader import PolicyError

PRESENT = "present"
LATEST = "latest"
ABSENT = "absent"
STATES = (PRESENT, LATEST, ABSENT)

NO_ACTION = "none"
PULL = "pull"
CREATE = "create"
DELETE = "delete"

PRUNE_NONE = "none"
PRUNE_UNLISTED = "unlisted"


@dataclass(frozen=True)
class Upstream:
    """What a pull would fetch, as its registry says. `digest`: 64 hexadecimal digits; `size`: bytes of all layers."""

    digest: str
    size: int


@dataclass(frozen=True)
class WantedModel:
    """One entry. `recipe`: what it is made of; without one it comes from its registry, over plain HTTP if `insecure`."""

    declared: str
    name: ModelName
    state: str = PRESENT
    insecure: bool = False
    recipe: Modelfile | None = None


@dataclass(frozen=True)
class Decision:
    """What to do about one model. `upstream`: what its registry holds, where it was asked; `doubt`: why that is not
    known; `refusal`: why it cannot be done."""

    wanted: WantedModel
    installed: InstalledModel | None
    action: str
    upstream: Upstream | None = None
    doubt: str | None = None
    refusal: str | None = None


def read_wanted(
    entries: Iterable[Mapping[str, Any]], prune: str = PRUNE_NONE, kept: Iterable[Any] = ()
) -> tuple[WantedModel, ...]:
    """Read the entries of a module's parameters. Raises `PolicyError` with every problem, one sentence each."""
    problems: list[str] = []
    others = [name for name in kept if _is_name(name, problems)]
    wanted = [model for model in (_read(entry, problems) for entry in entries) if model]
    seen: set[ModelName] = set()
    for model in wanted:
        if model.name in seen:
            problems.append(f"model {model.declared!r} is listed twice (as {model.name}): keep one")
        seen.add(model.name)
    stays = bool(others) or any(model.state != ABSENT for model in wanted)
    if prune == PRUNE_UNLISTED and not stays and not problems:
        problems.append("prune 'unlisted' with no model listed would delete every model: list those that are to stay")
    if problems:
        raise PolicyError(problems)
    return tuple(wanted)


def _is_name(raw: Any, problems: list[str]) -> bool:
    try:
        return bool(ModelName.parse(raw))
    except ModelNameError as error:
        problems.append(str(error))
        return False


def _read(entry: Mapping[str, Any], problems: list[str]) -> WantedModel | None:
    declared, state = str(entry.get("name")), str(entry.get("state") or PRESENT)
    try:
        name = ModelName.parse(entry.get("name"))
        recipe = _recipe(entry)
        insecure = _insecure(entry.get("insecure"))
    except ValueError as error:
        problems.append(f"model {declared!r}: {error}")
        return None
    if recipe and state == ABSENT:
        problems.append(f"model {declared!r} is to be absent, so that gguf and modelfile say nothing: leave them out")
    return WantedModel(declared, name, state, insecure, recipe)


def _insecure(raw: Any) -> bool:
    """Raises `ValueError`."""
    switch = False if raw is None else read_switch(raw)
    if switch is None:
        raise ValueError(f"insecure {short_repr(raw)} is neither true nor false")
    return switch


def _recipe(entry: Mapping[str, Any]) -> Modelfile | None:
    """Raises `ValueError`."""
    gguf, modelfile = entry.get("gguf"), entry.get("modelfile")
    if gguf and modelfile:
        raise ValueError("it has both gguf and modelfile: name the file by FROM in the modelfile")
    if gguf and not str(gguf).startswith("/"):
        raise ValueError(f"gguf {gguf!r} is no absolute path: write where the file is on the host")
    if gguf:
        return Modelfile(source=str(gguf))
    recipe = parse_modelfile(str(modelfile)) if modelfile else None
    if recipe and not recipe.is_file:
        ModelName.parse(recipe.source)
    return recipe


def unlisted(
    installed: Iterable[InstalledModel], wanted: Iterable[WantedModel], kept: Iterable[str] = ()
) -> tuple[InstalledModel, ...]:
    """The installed models that nobody names. A tag is part of a name: `llama3.2` is not `llama3.2:1b`."""
    names = {model.name for model in wanted} | {ModelName.parse(name) for name in kept}
    return tuple(sorted((model for model in installed if model.name not in names), key=lambda model: str(model.name)))


def find(installed: Iterable[InstalledModel], name: ModelName) -> InstalledModel | None:
    """The installed model of exactly that name."""
    return next((model for model in installed if model.name == name), None)
