# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts: two sides that keep undoing each other's work. They are named, and do not go on for ever. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..._base.readers import MAYBE_TEXT, MAYBE_WHOLE, NUMBER, TEXT, texts, typed
from ..values.model_name import ModelName
from .cause_rules import EVICTED
from .drifts import CONTEXT_MISMATCH
from .progress import Progress
from .reloads import HOUR

CONTEXT = "context"
EVICTION = "eviction"
_EVICTIONS = 3
"""So many within an hour are no accident."""


@dataclass(frozen=True)
class Conflict:
    """`model` does not keep its `context`, or its place in memory (`eviction`). `against`: the declared context and the other
    one, or the models that take the place. `at`, when it was first so, in seconds since 1970."""

    model: str
    kind: str
    against: tuple[str, ...]
    at: float


@dataclass(frozen=True)
class Terms:
    """What a conflict about a place in memory depends on: the server's start, its declared limit, and the declared models. Other ones,
    which hold `since` then in seconds since 1970, settle it."""

    server: str | None = None
    limit: int | None = None
    declared: tuple[str, ...] = ()
    since: float = 0.0


class Incident(Protocol):
    """A model that was found not to be as declared."""

    @property
    def model(self) -> str:
        """Its name."""

    @property
    def cause(self) -> str:
        """Why, in a word."""

    @property
    def at(self) -> float:
        """When it was noticed, in seconds since 1970."""

    @property
    def by(self) -> tuple[str, ...]:
        """The models that took its place."""


def parse_terms(raw: Mapping[str, Any]) -> Terms:
    """Raises `InvalidValue`."""
    return Terms(typed(raw, "server", MAYBE_TEXT), typed(raw, "limit", MAYBE_WHOLE), texts(raw, "declared"), typed(raw, "since", NUMBER))


def present_terms(known: Terms, server: str | None, limit: int | None, declared: tuple[str, ...], now: float) -> Terms:
    """These, since they came to hold. Nothing is known of what held before the first pass that keeps them."""
    if (known.server, known.limit, known.declared) == (server, limit, declared):
        return known
    return Terms(server, limit, declared, now if known != Terms() else 0.0)


def parse_conflict(raw: Mapping[str, Any]) -> Conflict:
    """Raises `InvalidValue`."""
    return Conflict(typed(raw, "model", TEXT), typed(raw, "kind", TEXT), texts(raw, "against"), typed(raw, "at", NUMBER))


def find_conflicts(
    known: Iterable[Conflict],
    models: Iterable[Progress],
    contexts: Mapping[ModelName, int],
    set_aside: Mapping[ModelName, tuple[str, ...]],
    incidents: Iterable[Incident],
    now: float,
    since: float = 0.0,
) -> tuple[Conflict, ...]:
    """Those that go on after a pass. Evictions before `since` belong to a conflict that was settled."""
    began = {(conflict.model, conflict.kind): conflict.at for conflict in known}
    looked_at = tuple(models)
    declared = {str(progress.model.name) for progress in looked_at}
    going_on = [incident for incident in incidents if incident.model in declared and incident.at >= since]
    found = [*_context(looked_at, contexts), *_eviction(set_aside, going_on, now)]
    return tuple(Conflict(model, kind, against, began.get((model, kind), now)) for model, kind, against in found)


def _context(models: Iterable[Progress], contexts: Mapping[ModelName, int]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for progress in models:
        last = progress.last
        if progress.model.name in contexts and CONTEXT_MISMATCH in last.drift and last.listed:
            yield str(progress.model.name), CONTEXT, (str(last.wanted_context), str(last.listed.context_length))


def _eviction(
    set_aside: Mapping[ModelName, tuple[str, ...]], incidents: Iterable[Incident], now: float
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    rivals = {str(name): set(others) for name, others in set_aside.items()}
    often: dict[str, list[Incident]] = {}
    for incident in incidents:
        if incident.cause == EVICTED and abs(now - incident.at) < HOUR:
            often.setdefault(incident.model, []).append(incident)
    for model, evictions in often.items():
        if len(evictions) >= _EVICTIONS:
            rivals.setdefault(model, set()).update(name for incident in evictions for name in incident.by)
    for model in sorted(rivals):
        yield model, EVICTION, tuple(sorted(rivals[model]))
