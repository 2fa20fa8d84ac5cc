# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which loads of a pass drove a pin out for want of memory: what they tell of how much there is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..decide.actions import LOADS
from ..decide.progress import PassResult, Progress
from ..decide.verdicts import Verdict
from ..values.policy import Policy
from .runner_settings import settings_of_neighbours
from .sizes import Subject, footprint


@dataclass(frozen=True)
class Eviction:
    """In bytes: what the server reckoned for the model that was loaded, and what C(others) had in VRAM then, at the most."""

    others: int
    reckoned: int


def evictions(policy: Policy, result: PassResult) -> Iterator[Eviction]:
    """Where the number of models cannot have been the reason: fewer are loaded than the declared most."""
    if not policy.max_loaded_models or len(result.look.resident) >= policy.max_loaded_models:
        return
    inside = sum(entry.size_vram for entry in result.look.living)
    for progress in result.models:
        loaded = _loaded(progress, result)
        reckoned = _reckoned(loaded, result) if loaded else None
        if loaded is not None and reckoned is not None:
            gone = _inside(progress.first) if progress is not loaded else 0
            yield Eviction(inside - _inside(loaded.last) + gone, reckoned)


def _inside(verdict: Verdict) -> int:
    """A runner that died takes nothing, whatever the list says."""
    return verdict.listed.size_vram if verdict.listed and verdict.in_memory and verdict.alive is not False else 0


def _loaded(progress: Progress, result: PassResult) -> Progress | None:
    """What drove others out, and gave their place back; or what this one was driven out by."""
    if not progress.set_aside:
        return None
    if not LOADS.isdisjoint(progress.attempts):
        return progress
    return next((other for other in result.models if (str(other.model.name),) == progress.rivals), None)


def _reckoned(loaded: Progress, result: PassResult) -> int | None:
    """Unknown where nobody says what context it had."""
    last = loaded.last
    if last.card is None or last.installed is None:
        return None
    context = last.listed.context_length if last.listed and last.in_memory else last.wanted_context or last.card.num_ctx
    settings = settings_of_neighbours(result.look.runners, result.look.cards.values()).runner.of_model(last.card)
    return footprint(Subject(last.installed.digest, last.installed.size, last.card.cache, context, settings), ()).reckoned
