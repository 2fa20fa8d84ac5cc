# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models that did not fit beside others, and when what was in their way has gone. Pure: no clock, no I/O.

Each attempt costs a model in memory its place for a while, so that not every pass makes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..values.observation import Observation, ResidentModel
from ..values.policy import Policy


@dataclass(frozen=True)
class SetAside:
    """`rivals` are the models that lost their place, or took this one's; `beside` is everything that was in memory then, with
    its size in bytes; `limit` the declared `max_loaded_models` of then. `again`: it is time for another attempt beside what the
    server may let go by now."""

    rivals: tuple[str, ...] = ()
    beside: Mapping[str, int] = field(default_factory=dict)
    limit: int | None = None
    again: bool = False


def neighbours(looks: Iterable[Observation], model: str) -> dict[str, int]:
    """All that was in memory beside the model at one of these looks."""
    return {str(entry.name): entry.size for look in looks for entry in look.living if str(entry.name) != model}


def newcomers(before: Observation, after: Observation, ours: frozenset[str]) -> tuple[ResidentModel, ...]:
    """What others had loaded between two looks. What has just been loaded counts as busy until its first request is done, so that
    the server takes an idle model's place for it at once (docs/ollama-semantics.md#proved-on-running-servers)."""
    known = {entry.digest for entry in before.resident}
    return tuple(entry for entry in after.resident if entry.digest not in known and str(entry.name) not in ours)


def is_in_the_way(aside: SetAside, policy: Policy, look: Observation, coming: frozenset[str]) -> bool:
    """Whether everything is still there that the model did not fit beside; `coming` are the pins that are about to be loaded.

    What is listed with an end may have been busy then, and is the first that an idle server lets go: beside such a model
    another attempt is made from time to time.
    """
    if not aside.beside or policy.max_loaded_models != aside.limit:
        return False
    now = {str(entry.name): entry for entry in look.living}
    if any(_has_gone(name, size, now, coming) for name, size in aside.beside.items()):
        return False
    pins = {str(model.name) for model in policy.pins}
    yields = any(not entry.expiry.is_forever(look.now) for name, entry in now.items() if name in aside.beside and name not in pins)
    return not (yields and aside.again)


def _has_gone(name: str, size: int, now: Mapping[str, ResidentModel], coming: frozenset[str]) -> bool:
    entry = now.get(name)
    return name not in coming if entry is None else entry.size < size
