# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loads of the last hour: how many reloads are left, and which contexts are left to a client that keeps changing them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._base.readers import MAYBE_TEXT, NUMBER, TEXT, typed
from ..values.model_name import ModelName
from .actions import LOADS, RELOAD_CONTEXT
from .cause_rules import DECLARATION_CHANGED, NEVER_LOADED, SERVER_RESTARTED
from .progress import Progress

HOUR = 3600.0  # seconds
_MOST = 1000
_FREE = (None, NEVER_LOADED, SERVER_RESTARTED, DECLARATION_CHANGED)
"""Causes of loads that are no reloads: a fleet's restarts must not use up what bounds a conflict."""


@dataclass(frozen=True)
class Load:
    """One load of ours. `at` in seconds since 1970; `action` is `load`, `revive` or `reload`; `cause` why it was due."""

    at: float
    model: str
    action: str
    cause: str | None = None


def parse_load(raw: Mapping[str, Any]) -> Load:
    """Raises `InvalidValue`."""
    return Load(typed(raw, "at", NUMBER), str(ModelName.parse(typed(raw, "model", TEXT))), typed(raw, "action", TEXT), typed(raw, "cause", MAYBE_TEXT))


def last_hour(loads: Iterable[Load], now: float) -> tuple[Load, ...]:
    """Those of the last hour; what a clock that was put back leaves in the future is not waited for."""
    return tuple(load for load in loads if now - HOUR < load.at <= now)[-_MOST:]


def loads_of_pass(models: Iterable[Progress], now: float) -> list[Load]:
    """The loads of a pass, whether they came to anything or not."""
    return [
        Load(now, str(progress.model.name), progress.action, progress.cause.word if progress.cause else None)
        for progress in models
        if progress.action in LOADS and not LOADS.isdisjoint(progress.attempts)
    ]


def remaining_budget(loads: Iterable[Load], budget: int) -> int:
    """How many reloads the budget still allows."""
    return max(0, budget - sum(load.cause not in _FREE for load in loads))


def context_conflicts(loads: Iterable[Load], limit: int) -> dict[ModelName, int]:
    """The models whose context was put back so often that it is left to the client for the rest of the hour. What an operator
    declared anew was no client's doing."""
    reloads: dict[str, int] = {}
    for load in loads:
        if load.action == RELOAD_CONTEXT and load.cause != DECLARATION_CHANGED:
            reloads[load.model] = reloads.get(load.model, 0) + 1
    return {ModelName.parse(name): count for name, count in reloads.items() if count >= limit}
