# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to write down policies and observations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import Expiry
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import (
    InstalledModel,
    ModelCard,
    Observation,
    ResidentModel,
    Runners,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import parse_policy
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.sightings import UNLISTED, WAITING, RunnerProcess, Sighting

NOW = datetime(2026, 8, 22, 8, 0, 0, tzinfo=timezone.utc)
FOREVER = timedelta(days=292 * 365)
GENERATES = frozenset({"completion"})
EMBEDS = frozenset({"embedding"})


def digest(text: str) -> str:
    """64 hexadecimal digits that stand for `text`."""
    return hashlib.sha256(text.encode()).hexdigest()


def blob(name: str) -> str:
    """The weights of a model, as distinct from its manifest."""
    return digest(f"weights of {name}")


def policy(*models: Any, **others: Any) -> Policy:
    """Each model is a name or a mapping."""
    return parse_policy({"models": list(models), **others})


def installed(name: str, version: str = "", remote: bool = False) -> InstalledModel:
    """An entry of `/api/tags`; `version` tells apart what was pulled under one name."""
    return InstalledModel(ModelName.parse(name), digest(name + version), size=1000, remote=remote)


def resident(
    name: str,
    left: timedelta = FOREVER,
    *,
    version: str = "",
    context: int | None = 4096,
    size: int = 1000,
    vram: int | None = None,
    now: datetime = NOW,
) -> ResidentModel:
    """An entry of `/api/ps` that expires `left` after `now`."""
    in_vram = size if vram is None else vram
    return ResidentModel(ModelName.parse(name), digest(name + version), Expiry(now + left), context, size, in_vram)


def card(name: str, capabilities: Iterable[str] = GENERATES, training: int | None = 32768) -> ModelCard:
    """What `/api/show` says of a model with weights of its own."""
    return ModelCard(blob(name), frozenset(capabilities), training)


def runners(*names: str, complete: bool = True) -> Runners:
    """The runner processes of these models live, and no other."""
    return Runners(frozenset(blob(name) for name in names), complete)


def processes(*names: str, state: str = "S", waiting: float | None = None, unlisted: float | None = None) -> dict[str, Any]:
    """What an observation holds of the runner processes of these models: in that state of the kernel's, for so many seconds `waiting`
    in it without CPU time, or `unlisted`."""
    found = tuple(RunnerProcess(f"{name}-1", blob(name), state) for name in names)
    ages = {WAITING: waiting, UNLISTED: unlisted}
    seen = {process.identity: Sighting(kind, 0, 1000.0 - age) for process in found for kind, age in ages.items() if age is not None}
    return {"runners": Runners(frozenset(map(blob, names)), processes=found), "sightings": seen, "at": 1000.0}


def look(
    names: Iterable[str],
    listed: Iterable[ResidentModel] = (),
    alive: Runners | None = None,
    cards: Mapping[str, ModelCard] | None = None,
    now: datetime = NOW,
) -> Observation:
    """An observation of a server on which `names` are installed, each with weights of its own."""
    known = {digest(name): card(name) for name in names}
    return Observation(
        now=now,
        installed=tuple(installed(name) for name in names),
        resident=tuple(listed),
        cards={**known, **(cards or {})},
        runners=alive,
    )
