# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which models are noted before a restart of the server, and which of them may come back: none in place of a declared one. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Callable

from ..values.model_name import ModelName
from ..values.observation import ResidentModel
from ..values.remembered import Remembered

_SHARE = 0.8  # of the free VRAM; beyond it the server makes room (docs/ollama-semantics.md#eviction)


@dataclass(frozen=True)
class Place:
    """How many models the server holds (None: not known), and what tells how much VRAM is free (None: no driver tells)."""

    limit: int | None
    free: Callable[[], int | None]


def remembered_models(resident: Iterable[ResidentModel], now: datetime | None, earlier: Iterable[Remembered], at: float) -> list[Remembered]:
    """What is in memory at `now`, and of what was noted `earlier` the models that are not there again; `at` is now in seconds since
    the epoch."""
    present = [model for model in resident if now is None or model.expiry.moment > now]
    names = {model.name for model in present}
    return [*(_note(model, now, at) for model in present), *(model for model in earlier if model.name not in names)]


def _note(model: ResidentModel, now: datetime | None, at: float) -> Remembered:
    left = None if now is None or model.expiry.is_forever(now) else model.expiry.remaining(now).total_seconds()
    return Remembered(model.name, model.context_length, left, at, model.size_vram)


def is_wanted_back(model: Remembered, declared: Collection[ModelName], resident: Collection[ModelName]) -> bool:
    """Passes load a declared model; one that is in memory again was loaded by a client."""
    return model.name not in declared and model.name not in resident


def obstacle(model: Remembered, is_installed: bool, held: int, place: Place) -> str | None:
    """Why it is not loaded beside those that are `held`."""
    if not is_installed:
        return "it is not installed any more"
    if place.limit is not None and held >= place.limit:
        return f"the server keeps {place.limit} models in memory at most, and has as many"
    free = place.free() if model.size else None
    if free is not None and model.size > free * _SHARE:
        return "the memory of the GPUs does not hold it beside the others"
    return None


def displaced(
    before: Mapping[ModelName, ResidentModel], after: Collection[ModelName], declared: Collection[ModelName]
) -> list[ResidentModel]:
    """The declared models that had to make room for what was loaded; with any, it goes again."""
    return [found for name, found in before.items() if name in declared and name not in after]
