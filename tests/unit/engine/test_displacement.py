# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a model that did not fit is tried again: what is in its way, and what has gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.displacement import SetAside
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Observation
from support.values import digest, look, policy, resident, runners

C = ModelName.parse("c")
MINUTE = timedelta(minutes=1)
PINS = ("a", "b", "c")
ALL = {"a:latest": 1000, "b:latest": 1000, "x:latest": 1000}
ASIDE = SetAside(("a:latest",), ALL, limit=3)
X = resident("x", 5 * MINUTE)
X_FOR_EVER = resident("x")


def seen(*listed: Any, alive: tuple[str, ...] | None = None, names: tuple[str, ...] = ("a", "b", "c", "x", "y")) -> Observation:
    living = alive if alive is not None else tuple(entry.name.model for entry in listed)
    return look(names, listed, runners(*living))


def action(now: Observation, aside: SetAside = ASIDE, history: History | None = None, **others: Any) -> str:
    known = replace(history or History(), set_aside={C: aside})
    return make_plan(policy(*PINS, **{"max_loaded_models": 3, **others}), now, known).verdicts[2].action


A, B = resident("a"), resident("b")
NONE, LOAD = "none", "load"


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (seen(A, B, X), NONE),
        (seen(A, B), LOAD),
        (seen(A, B, resident("y")), LOAD),
        (seen(A, X), NONE),
        (seen(A, B, X_FOR_EVER), NONE),
        (seen(A, B, X, alive=("a", "b")), LOAD),
        (seen(A, X, names=("a", "c", "x")), LOAD),
        (seen(resident("a", size=600), B, X), LOAD),
        (seen(resident("a", size=1600), B, X), NONE),
        (seen(A, B, X, resident("c")), NONE),
    ],
    ids=[
        "all are still there",
        "the stranger has left",
        "another stranger has come instead",
        "a pin that is about to be loaded anew has its place",
        "a stranger for ever",
        "the stranger's runner died",
        "a pin is not installed any more",
        "a pin takes less",
        "a pin takes more",
        "somebody else loaded it",
    ],
)
def test_it_is_tried_again_as_soon_as_something_has_gone(now: Observation, wanted: str) -> None:
    assert action(now) == wanted


def test_it_is_tried_again_under_another_limit() -> None:
    assert [action(seen(A, B, X), max_loaded_models=limit) for limit in (3, 4)] == [NONE, LOAD]


def test_beside_what_the_server_may_let_go_it_is_tried_again_from_time_to_time() -> None:
    later = replace(ASIDE, again=True)
    assert [action(seen(A, B, stranger), later) for stranger in (X, X_FOR_EVER)] == [LOAD, NONE]
    assert action(seen(A, B, resident("x", -MINUTE)), ASIDE) == NONE


def test_a_pin_whose_own_load_is_withheld_keeps_no_place() -> None:
    withheld = History(withheld={ModelName.parse("b"): (digest("b"), "it failed")})
    assert [action(seen(A, X), history=history) for history in (None, withheld)] == [NONE, LOAD]
