# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models that were set aside for want of memory, from pass to pass: another attempt costs a model its place, so the delays grow. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._base.readers import MAYBE_WHOLE, NUMBER, WHOLE, numbers, texts, typed
from ..values.model_name import ModelName
from .actions import LOADS
from .displacement import SetAside
from .progress import Progress

_FIRST_DELAY = 60.0  # seconds
_LONGEST_DELAY = 3600.0
_MOST_DOUBLINGS = 10


@dataclass(frozen=True)
class Aside:
    """`rivals`, `beside` and `limit` as in `SetAside`; `tries` in a row, `next_at` in seconds since 1970."""

    rivals: tuple[str, ...] = ()
    beside: Mapping[str, int] = field(default_factory=dict)
    limit: int | None = None
    tries: int = 1
    next_at: float = 0.0


def parse_asides(raw: Mapping[str, Any]) -> dict[ModelName, Aside]:
    """Raises `InvalidValue`. An earlier release knew the rivals only."""
    return {ModelName.parse(name): _parse(raw, name) for name in raw}


def _parse(raw: Mapping[str, Any], name: str) -> Aside:
    if isinstance(raw[name], list):
        rivals = _names(texts(raw, name))
        return Aside(rivals, dict.fromkeys(rivals, 0))
    entry = typed(raw, name, (dict,))
    return Aside(
        rivals=_names(texts(entry, "rivals")),
        beside=numbers(entry, "beside"),
        limit=typed(entry, "limit", MAYBE_WHOLE),
        tries=typed(entry, "tries", WHOLE),
        next_at=typed(entry, "next_at", NUMBER),
    )


def _names(rivals: Iterable[str]) -> tuple[str, ...]:
    """In their normal form, since one name must not come as two."""
    return tuple(str(ModelName.parse(rival)) for rival in rivals)


def set_aside(asides: Mapping[ModelName, Aside], now: float) -> dict[ModelName, SetAside]:
    """As a plan takes them. A clock that was put back by more than the longest delay counts for nothing."""
    return {
        name: SetAside(aside.rivals, aside.beside, aside.limit, again=not now < aside.next_at <= now + _LONGEST_DELAY)
        for name, aside in asides.items()
    }


def after_pass(asides: Mapping[ModelName, Aside], models: Iterable[Progress], limit: int | None, now: float) -> dict[ModelName, Aside]:
    """This pass's and the earlier ones', but what is in memory again, or was tried and failed for another reason."""
    found = {}
    for progress in models:
        name, known = progress.model.name, asides.get(progress.model.name)
        if progress.set_aside and not progress.last.in_memory:
            found[name] = _once_more(progress, known, limit, now)
        elif known is not None and not progress.last.in_memory and LOADS.isdisjoint(progress.attempts):
            found[name] = known
    return found


def _once_more(progress: Progress, known: Aside | None, limit: int | None, now: float) -> Aside:
    tries = (known.tries if known else 0) + 1
    delay = min(_FIRST_DELAY * 2 ** min(tries - 1, _MOST_DOUBLINGS), _LONGEST_DELAY)
    return Aside(progress.rivals, progress.beside, limit, tries, round(now + delay, 3))
