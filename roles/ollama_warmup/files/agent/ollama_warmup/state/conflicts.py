# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fights: two sides that keep undoing each other's work. The agent names them and does not go on for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keepwarm._base.readers import MAYBE_TEXT, MAYBE_WHOLE, NUMBER, TEXT, texts, typed
from keepwarm._residency.decide.cause_rules import EVICTED
from keepwarm._residency.decide.drifts import CONTEXT_MISMATCH
from keepwarm._residency.decide.progress import Progress
from keepwarm._residency.values.model_name import ModelName

from .incidents import Departure
from .loads import HOUR

CONTEXT = "context"
EVICTION = "eviction"
_EVICTIONS = 3
"""So many within an hour are no accident."""


@dataclass(frozen=True)
class Fight:
    """C(model) does not keep its C(context), or its place in memory (C(eviction)). C(against): the declared context and the other
    one, or the models that take the place. C(at), when it was first so, in seconds since 1970."""

    model: str
    kind: str
    against: tuple[str, ...]
    at: float


@dataclass(frozen=True)
class Terms:
    """What a fight over a place in memory stands on: the server's start, its declared limit, and the declared models. Other ones,
    which hold C(since) then in seconds since 1970, settle it."""

    server: str | None = None
    limit: int | None = None
    declared: tuple[str, ...] = ()
    since: float = 0.0


def parse_terms(raw: Mapping[str, Any]) -> Terms:
    """Raises C(InvalidValue)."""
    return Terms(typed(raw, "server", MAYBE_TEXT), typed(raw, "limit", MAYBE_WHOLE), texts(raw, "declared"), typed(raw, "since", NUMBER))


def present_terms(known: Terms, server: str | None, limit: int | None, declared: tuple[str, ...], now: float) -> Terms:
    """These, since they came to hold. Nothing is known of what held before the first pass that keeps them."""
    if (known.server, known.limit, known.declared) == (server, limit, declared):
        return known
    return Terms(server, limit, declared, now if known != Terms() else 0.0)


def parse_fight(raw: Mapping[str, Any]) -> Fight:
    """Raises C(InvalidValue)."""
    return Fight(typed(raw, "model", TEXT), typed(raw, "kind", TEXT), texts(raw, "against"), typed(raw, "at", NUMBER))


def find_fights(
    known: Iterable[Fight],
    models: Iterable[Progress],
    contexts: Mapping[ModelName, int],
    set_aside: Mapping[ModelName, tuple[str, ...]],
    departures: Iterable[Departure],
    now: float,
    since: float = 0.0,
) -> tuple[Fight, ...]:
    """Those that go on after a pass. Evictions before C(since) are of a fight that was settled."""
    began = {(fight.model, fight.kind): fight.at for fight in known}
    looked_at = tuple(models)
    declared = {str(progress.model.name) for progress in looked_at}
    going_on = [departure for departure in departures if departure.model in declared and departure.at >= since]
    found = [*_context(looked_at, contexts), *_eviction(set_aside, going_on, now)]
    return tuple(Fight(model, kind, against, began.get((model, kind), now)) for model, kind, against in found)


def _context(models: Iterable[Progress], contexts: Mapping[ModelName, int]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for progress in models:
        last = progress.last
        if progress.model.name in contexts and CONTEXT_MISMATCH in last.drift and last.listed:
            yield str(progress.model.name), CONTEXT, (str(last.wanted_context), str(last.listed.context_length))


def _eviction(
    set_aside: Mapping[ModelName, tuple[str, ...]], departures: Iterable[Departure], now: float
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    rivals = {str(name): set(others) for name, others in set_aside.items()}
    often: dict[str, list[Departure]] = {}
    for departure in departures:
        if departure.cause == EVICTED and abs(now - departure.at) < HOUR:
            often.setdefault(departure.model, []).append(departure)
    for model, evictions in often.items():
        if len(evictions) >= _EVICTIONS:
            rivals.setdefault(model, set()).update(name for departure in evictions for name in departure.by)
    for model in sorted(rivals):
        yield model, EVICTION, tuple(sorted(rivals[model]))
