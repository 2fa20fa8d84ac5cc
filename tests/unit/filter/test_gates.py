# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which units may wait for warm models, as the role's settings have them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._gates import parse_gates

SERVER = "ollama@two.service"
WAITS = "is not the name of a unit that can wait: use the whole name of a service, such as my-api.service"


def judge(raw: Any) -> tuple[list[dict[str, str]], list[str]]:
    problems: list[str] = []
    return parse_gates(raw, SERVER, problems), problems


@pytest.mark.parametrize(
    "unit",
    ["my-api.service", "my-api@blue.service", "my-api@.service", "web.socket", "stack.target", "nightly.timer", "in.path", r"a\x2db.service", "ollama.service"],
)
def test_a_unit_that_can_wait_is_taken(unit: str) -> None:
    assert judge([{"unit": unit, "mode": "want"}]) == ([{"unit": unit, "mode": "want"}], [])


def test_a_gate_is_required_unless_said_otherwise() -> None:
    assert judge([{"unit": "a.service"}, {"unit": "b.service", "mode": None}])[0] == [
        {"unit": "a.service", "mode": "require"},
        {"unit": "b.service", "mode": "require"},
    ]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"unit": "a.service"}, "gates {'unit': 'a.service'} is not a list: give one of mappings such as {unit: my-api.service, mode: require}"),
        (["a.service"], "gate 'a.service' is not a mapping: write {unit: my-api.service, mode: require}"),
        ([{"mode": "want"}], f"gate None {WAITS}"),
        ([{"unit": "my-api"}], f"gate 'my-api' {WAITS}"),
        ([{"unit": "my-api.container"}], f"gate 'my-api.container' {WAITS}"),
        ([{"unit": "../x.service"}], f"gate '../x.service' {WAITS}"),
        ([{"unit": "-x.service"}], f"gate '-x.service' {WAITS}"),
        ([{"unit": "*.service"}], f"gate '*.service' {WAITS}"),
        ([{"unit": "a.service\n"}], f"gate 'a.service\\n' {WAITS}"),
        ([{"unit": ".service"}], f"gate '.service' {WAITS}"),
        ([{"unit": SERVER}], "gate 'ollama@two.service' is the server itself, whose models are waited for: name a unit that uses them"),
        ([{"unit": "a.service", "mode": "hope"}], "gate 'a.service': mode 'hope' is not one of require, want"),
        ([{"unit": "a.service", "when": "cold"}], "gate 'a.service' has the unknown key 'when': known are unit, mode"),
        ([{"unit": "a.service"}, {"unit": "a.service", "mode": "want"}], "gate 'a.service' is declared 2 times: keep one"),
    ],
)
def test_each_problem_is_one_sentence(raw: Any, sentence: str) -> None:
    assert judge(raw)[1] == [sentence]


@pytest.mark.parametrize(
    "unit",
    ["ollama-warmup.service", "ollama-warmup@two.timer", "ollama-warmup-wake.path", "ollama-warm.target", "ollama-cold@a.target", "ollama-warm-gate.service"],
)
def test_the_roles_own_units_are_refused(unit: str) -> None:
    assert judge([{"unit": unit}])[1] == [f"gate {unit!r} is one of this role's own units: name a unit that uses the models"]


def test_units_that_only_look_like_ours_are_not() -> None:
    assert judge([{"unit": "ollama-warmer.service"}, {"unit": "ollama-ui.service"}])[1] == []


def test_all_problems_come_at_once() -> None:
    assert len(judge([{"unit": "a", "mode": "b", "c": 1}, 7])[1]) == 4
