# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load that cost other pins their places -> who stays, who gives way, and who is loaded once more. Pure.

Those declared first keep their places. Nothing is loaded again and again against another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..values.model_name import ModelName
from ..values.observation import Observation
from ..values.past import Cause
from ..values.policy import DeclaredModel, Policy
from .actions import LOAD
from .cause_rules import EVICTED, INFERRED, OBSERVED
from .displacement import neighbours, newcomers
from .drifts import STALE_DIGEST
from .progress import Progress
from .verdicts import Plan, Verdict


@dataclass(frozen=True)
class GivesWay:
    """A model that memory does not hold beside its `rivals`; `beside` is all that was in memory then, with sizes in bytes."""

    rivals: tuple[str, ...]
    beside: dict[str, int]
    sentence: str


@dataclass(frozen=True)
class Ruling:
    """`causes`: why each displaced model left; `again`: who may be loaded once more; `gives_way`: who is set aside, which for the
    model that was loaded means that it is unloaded. `clients_came`: a client's load may have displaced them."""

    causes: Mapping[ModelName, Cause] = field(default_factory=dict)
    again: frozenset[ModelName] = frozenset()
    gives_way: Mapping[ModelName, GivesWay] = field(default_factory=dict)
    clients_came: bool = False


@dataclass(frozen=True)
class Loaded:
    """A load that was made: of `verdict`, by `plan`; `looks` are those before and after it."""

    verdict: Verdict
    plan: Plan
    looks: tuple[Observation, Observation]

    @property
    def name(self) -> ModelName:
        """The model that was loaded."""
        return self.verdict.model.name

    @property
    def other_pins(self) -> frozenset[ModelName]:
        """The pins that were in memory beside it."""
        return frozenset(verdict.model.name for verdict in self.plan.verdicts if verdict.in_memory and verdict.model.is_pin) - {self.name}


def judge(loaded: Loaded, progress: Iterable[Progress], policy: Policy, tried_again: frozenset[ModelName]) -> Ruling:
    """`progress` is that of all models, after the load; `tried_again` were loaded once more in this pass.

    What made place for weights that replace older ones is loaded once more: the older ones may make place for that in turn, and
    nothing else can have the server choose them (docs/ollama-semantics.md#new-weights-under-the-same-name).
    """
    displaced = [entry for entry in progress if entry.model.name in loaded.other_pins and not entry.last.in_memory]
    if not displaced:
        return Ruling()
    clients = _clients_came(loaded, displaced, tried_again)
    if clients is not None:
        return clients
    causes = {entry.model.name: Cause(EVICTED, OBSERVED, (str(loaded.name),)) for entry in displaced}
    if STALE_DIGEST in loaded.verdict.drift and all(entry.may(LOAD) for entry in displaced):
        return Ruling(causes)
    before = [entry.model for entry in displaced if _rank(entry.model, policy) < _rank(loaded.verdict.model, policy)]
    if before:
        return Ruling(causes, frozenset(causes), {loaded.name: _newcomer_gives_way(loaded, before)})
    return Ruling(causes, gives_way={entry.model.name: _displaced_gives_way(loaded, entry.model) for entry in displaced})


def _clients_came(loaded: Loaded, displaced: Sequence[Progress], tried_again: frozenset[ModelName]) -> Ruling | None:
    """Whether a client's load may be what cost them their places: ours gives way to nothing then, and they are loaded again,
    once, which may take the newcomer's place."""
    came = newcomers(*loaded.looks, frozenset(map(str, loaded.other_pins | {loaded.name})))
    names = frozenset(entry.model.name for entry in displaced)
    if not came or names <= tried_again:
        return None
    cause = Cause(EVICTED, INFERRED, tuple(str(entry.name) for entry in came))
    return Ruling(dict.fromkeys(names, cause), names, clients_came=True)


def _rank(model: DeclaredModel, policy: Policy) -> tuple[bool, int]:
    """Who stays where not all fit: pins before what is loaded once, then in declared order."""
    return (not model.is_pin, policy.models.index(model))


def _newcomer_gives_way(loaded: Loaded, before: Sequence[DeclaredModel]) -> GivesWay:
    one = len(before) == 1
    return GivesWay(
        rivals=tuple(str(model.name) for model in before),
        beside=neighbours(loaded.looks, str(loaded.name)),
        sentence=f"{loaded.verdict.model.declared} was set aside: loading it cost {' and '.join(model.declared for model in before)},"
        f" which {'is' if one else 'are'} to stay before it, {'its place' if one else 'their places'} in memory",
    )


def _displaced_gives_way(loaded: Loaded, model: DeclaredModel) -> GivesWay:
    return GivesWay(
        rivals=(str(loaded.name),),
        beside=neighbours(loaded.looks, str(model.name)),
        sentence=f"{model.declared} lost its place in memory when {loaded.verdict.model.declared} was loaded",
    )
