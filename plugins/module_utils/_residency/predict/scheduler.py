# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether models fit into memory one after the other, and who has to go: the scheduler's own rule. Pure. Everything in bytes.

Source: server/sched.go (processPending, load, findRunnerToUnload, ByDurationAndName) of 0.33. While others are loaded, a model
whose reckoned size is more than 80 % of the free VRAM is not loaded before one of them has gone, and so on; alone it is loaded
whether it fits or not, and what does not get into VRAM is the processor's. Under OLLAMA_MAX_LOADED_MODELS one goes as well. The first
to go has the shortest keep_alive, and of equal ones the least path of its weights. Releases before 0.30 worked the layers out one by
one, and asked for less room. The batch, for which the server makes room only where there is some, is left out.

What a pass does then, decide/settlement.py says: a pin that was declared earlier gets its place back, and what took it is set aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

FITS = "fits"
SPILLS = "spills"
EVICTS = "evicts"
UNKNOWN = "unknown"
FREE_PERCENT = 80
"""How much of what is free the scheduler fills (server/sched.go: load)."""

Rank = tuple[bool, int]
Order = tuple[float, str]


@dataclass(frozen=True)
class Occupant:
    """A model in memory. `order` is who goes first: keep_alive in seconds, then the weights' digest; `rank` is who is to stay,
    None for what no pass brings back."""

    name: str
    size_vram: int
    order: Order
    rank: Rank | None = None


@dataclass(frozen=True)
class Candidate:
    """A model that is to be loaded. `size` and `reckoned` None where they are not known; `replaces` is its own occupant."""

    name: str
    size: int | None
    reckoned: int | None
    order: Order
    rank: Rank
    is_pin: bool = True
    replaces: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What loading a model comes to. `free` is the VRAM before anybody has gone, None where it is not known, and `size_vram` how much of
    the model gets into VRAM; `evicts` in the order of leaving; `by_count`: the number of models is what drives them out.
    `set_aside`: a pass will undo it."""

    name: str
    verdict: str
    free: int | None = None
    size_vram: int | None = None
    evicts: tuple[str, ...] = ()
    by_count: bool = False
    set_aside: bool = False


def place(occupants: Iterable[Occupant], candidates: Iterable[Candidate], usable: int | None, limit: int | None) -> list[Outcome]:
    """Load the candidates in their order beside the occupants. `usable` VRAM for all models together, None for any amount; `limit`
    models at once, None for any number."""
    memory = tuple(occupants)
    outcomes = []
    for candidate in candidates:
        outcome, memory = _load(candidate, memory, usable, limit)
        outcomes.append(outcome)
    return outcomes


def _load(candidate: Candidate, memory: tuple[Occupant, ...], usable: int | None, limit: int | None) -> tuple[Outcome, tuple[Occupant, ...]]:
    others = tuple(entry for entry in memory if entry.name != candidate.replaces)
    leaving = tuple(_leaving(candidate, others, usable, limit))
    staying = tuple(entry for entry in others if entry not in leaving)
    size_vram = _placed(candidate, _free(staying, usable))
    set_aside = any(entry.rank is not None and entry.rank < candidate.rank for entry in leaving)
    outcome = Outcome(
        name=candidate.name,
        verdict=_verdict(candidate, leaving, size_vram),
        free=_free(others, usable),
        size_vram=size_vram,
        evicts=tuple(entry.name for entry in leaving),
        by_count=_is_full(others, limit),
        set_aside=set_aside,
    )
    if set_aside:
        return outcome, (*staying, *(entry for entry in leaving if entry.rank is not None))
    return outcome, (*staying, Occupant(candidate.name, size_vram or 0, candidate.order, candidate.rank if candidate.is_pin else None))


def _leaving(candidate: Candidate, others: Sequence[Occupant], usable: int | None, limit: int | None) -> Iterator[Occupant]:
    staying = sorted(others, key=lambda entry: entry.order)
    while staying and (_is_full(staying, limit) or not _fits_beside(candidate, _free(staying, usable))):
        yield staying.pop(0)


def _is_full(others: Sequence[Occupant], limit: int | None) -> bool:
    return limit is not None and 0 < limit <= len(others)


def _fits_beside(candidate: Candidate, free: int | None) -> bool:
    reckoned = candidate.size if candidate.reckoned is None else candidate.reckoned
    return free is None or reckoned is None or reckoned <= free * FREE_PERCENT // 100


def _free(others: Iterable[Occupant], usable: int | None) -> int | None:
    return None if usable is None else max(usable - sum(entry.size_vram for entry in others), 0)


def _placed(candidate: Candidate, free: int | None) -> int | None:
    if candidate.size is None or free is None:
        return candidate.size
    return min(candidate.size, free)


def _verdict(candidate: Candidate, leaving: Sequence[Occupant], size_vram: int | None) -> str:
    if leaving:
        return EVICTS
    if candidate.size is None or size_vram is None:
        return UNKNOWN
    return SPILLS if size_vram < candidate.size else FITS
