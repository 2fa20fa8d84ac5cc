# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at many models costs: counted in function calls, which no other program on the machine can disturb."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from types import FrameType
from typing import Any, Callable

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.causes import name_causes, present_of
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Observation
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.past import remember
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy
from support.values import look, policy, resident, runners

FEW = 20


def calls(work: Callable[[], Any]) -> int:
    """How many functions were called, those of C included, and generators resumed."""
    seen = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen


def server(size: int, listed: Iterable[int]) -> Observation:
    """Ten installed models for each declared one, of which some are listed; the declared ones come last."""
    names = [f"other{number}" for number in range(9 * size)] + [f"m{number}" for number in range(size)]
    inside = [f"m{number}" for number in listed]
    return look(names, [resident(name) for name in inside], runners(*inside))


def declared(size: int) -> Policy:
    return policy(*({"name": f"m{number}"} for number in range(size)))


def one_look(size: int, listed: range) -> Callable[[], None]:
    """All that is thought about one look, after one at which everything was in memory."""
    wanted, now, then = declared(size), server(size, listed), server(size, range(size))
    named = {verdict.model.name: verdict.listed for verdict in make_plan(wanted, then).verdicts}
    past = remember("1", then, named, None)

    def think() -> None:
        plan = make_plan(wanted, replace(now), History(server="1", past=past))
        present = present_of("1", now, plan, past)
        for verdict in plan.verdicts:
            name_causes(verdict, past, present)
        remember("1", now, {verdict.model.name: verdict.listed for verdict in plan.verdicts}, past)

    return think


@pytest.mark.parametrize("listed", [range, lambda _size: range(0), lambda size: range(size // 2)], ids=["all", "none", "half"])
def test_twice_as_many_models_are_twice_the_work(listed: Callable[[int], range]) -> None:
    few, twice = (calls(one_look(size, listed(size))) for size in (FEW, 2 * FEW))
    assert few > FEW
    assert twice < 2.3 * few
