# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan x what was tried of it -> the order of steps, and why a step that is due is not taken. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..values.model_name import ModelName
from .actions import LOADS, PROBE, SET_EXPIRY
from .cause_rules import DECLARATION_CHANGED, NEVER_LOADED, SERVER_RESTARTED
from .drifts import HUNG_RUNNER
from .progress import Progress
from .verdicts import Plan, Stray, Verdict

_QUICK = (SET_EXPIRY, PROBE)
_FIRST_LOADS = (NEVER_LOADED, SERVER_RESTARTED, DECLARATION_CHANGED)


@dataclass(frozen=True)
class Step:
    """One request for a declared model. `unloads`: its runner has to end first, since a load request alone waits for a hung
    runner's answer; `from_budget`: it is one of the reloads that are counted."""

    verdict: Verdict
    unloads: bool = False
    from_budget: bool = False

    @property
    def is_load(self) -> bool:
        """Whether it may take minutes."""
        return self.verdict.action in LOADS


@dataclass(frozen=True)
class Choice:
    """The first step that is worth taking, None where there is none. `withheld` are the models whose load is due but not made, each
    with the reason."""

    step: Step | Stray | None = None
    withheld: Mapping[ModelName, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tried:
    """How far a pass has come with its models. `only` are those that it is to act on, None for all; `strays` were dealt with;
    `failed` may fail again; `reloads` are left, None for any number; `is_new_start`: nothing has been in memory on this
    start of the server."""

    progress: Mapping[ModelName, Progress]
    only: frozenset[ModelName] | None = None
    strays: frozenset[ModelName] = frozenset()
    failed: frozenset[ModelName] = frozenset()
    reloads: int | None = None
    is_new_start: bool = False


def choose(plan: Plan, tried: Tried) -> Choice:
    """Expiries first, since loading takes minutes; then what is not declared; then one load."""
    due = list(still_due(plan, tried))
    for verdict in due:
        if verdict.action in _QUICK:
            return Choice(Step(verdict))
    for stray in plan.strays:
        if tried.only is None and stray.name not in tried.strays:
            return Choice(stray)
    return _choose_load([verdict for verdict in due if verdict.action in LOADS], tried)


def still_due(plan: Plan, tried: Tried) -> Iterator[Verdict]:
    """The verdicts whose action is in scope and still worth an attempt."""
    mine = plan.within(tried.only).verdicts
    return (verdict for verdict in mine if tried.progress[verdict.model.name].may(verdict.action))


def expiries(plan: Plan, tried: Tried) -> list[Verdict]:
    """What can be done while a load runs."""
    return [verdict for verdict in still_due(plan, tried) if verdict.action == SET_EXPIRY]


def _choose_load(due: list[Verdict], tried: Tried) -> Choice:
    """What failed comes after the others."""
    withheld: dict[ModelName, str] = {}
    for verdict in sorted(due, key=lambda verdict: verdict.model.name in tried.failed):
        from_budget = tried.reloads is not None and not _is_first_load(tried.progress[verdict.model.name], tried)
        if not from_budget or tried.reloads:
            return Choice(Step(verdict, HUNG_RUNNER in verdict.drift, from_budget), withheld)
        withheld[verdict.model.name] = f"{verdict.model.declared} is not loaded again for now: the budget of reloads per hour is spent"
    return Choice(withheld=withheld)


def _is_first_load(progress: Progress, tried: Tried) -> bool:
    """A first load is never withheld, nor what was declared anew; what was in memory on this start of the server already comes
    out of the budget."""
    cause = progress.cause
    return cause is None or cause.word in _FIRST_LOADS or tried.is_new_start
