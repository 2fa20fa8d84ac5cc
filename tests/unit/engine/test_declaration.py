# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration that changed is put into effect once: what changed, what is decided, and who is blamed."""

from __future__ import annotations

import json
import os
import pathlib
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.cause_rules import OBSERVED
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.causes import name_causes, present_of
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.declaration import (
    KEEP_ALIVE,
    NUM_CTX,
    Applied,
    applied_data,
    changes,
    parse_applied,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.declaration_record import read_applied
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.past import Cause, Past, remember
from support.values import look, policy, resident, runners

A = ModelName.parse("a")
MINUTE = timedelta(minutes=1)
PIN = {"name": "a", "num_ctx": 128}
WARM = {"name": "a", "policy": "warm", "keep_alive": "1h"}
NEW_CONTEXT = History(redeclared={A: frozenset({NUM_CTX})})
NEW_KEEP_ALIVE = History(redeclared={A: frozenset({KEEP_ALIVE})})


@pytest.mark.parametrize(
    ("declared", "before", "changed"),
    [
        (PIN, Applied(-1, 128), set()),
        (PIN, Applied(-1, 256), {NUM_CTX}),
        (PIN, Applied(-1), {NUM_CTX}),
        ("a", Applied(-1, 256), {NUM_CTX}),
        (WARM, Applied("3600s"), set()),
        (WARM, Applied("1800s"), {KEEP_ALIVE}),
        (WARM, Applied(-1), {KEEP_ALIVE}),
        (PIN, None, {KEEP_ALIVE, NUM_CTX}),
    ],
)
def test_what_changed_is_told_from_what_was_put_into_effect(declared: Any, before: Applied | None, changed: set[str]) -> None:
    known = {A: before} if before else {}
    assert changes(policy(declared), known) == ({A: changed} if changed else {})


@pytest.mark.parametrize("option", ["report", "reload"])
@pytest.mark.parametrize(("history", "action"), [(History(), None), (NEW_CONTEXT, "reload"), (NEW_KEEP_ALIVE, None)])
def test_a_new_context_reloads_whatever_clients_contexts_are_left_to(option: str, history: History, action: str | None) -> None:
    seen = look(["a"], [resident("a", context=256)], runners("a"))
    (verdict,) = make_plan(policy(PIN, context_mismatch=option), seen, history).verdicts
    assert verdict.action == (action or ("reload" if option == "reload" else "none"))
    assert verdict.num_ctx == (128 if verdict.action == "reload" else 256)


def test_a_new_context_is_put_into_effect_in_the_middle_of_a_conflict_about_the_former_one() -> None:
    seen = look(["a"], [resident("a", context=256)], runners("a"))
    (left,) = make_plan(policy(PIN, context_mismatch="reload"), seen, History(conflicts={A: 3})).verdicts
    (obeyed,) = make_plan(policy(PIN), seen, History(conflicts={A: 3}, redeclared=NEW_CONTEXT.redeclared)).verdicts
    assert (left.action, obeyed.action) == ("none", "reload")


@pytest.mark.parametrize(("history", "action"), [(History(), "none"), (NEW_KEEP_ALIVE, "set_expiry"), (NEW_CONTEXT, "none")])
def test_a_warm_model_gets_its_new_keep_alive(history: History, action: str) -> None:
    seen = look(["a"], [resident("a", 20 * MINUTE)], runners("a"))
    assert make_plan(policy(WARM), seen, history).verdicts[0].action == action


def test_what_left_memory_is_not_loaded_for_its_new_keep_alive() -> None:
    history = History(warmed=frozenset({A}), redeclared=NEW_KEEP_ALIVE.redeclared)
    assert make_plan(policy(WARM), look(["a"], [], runners()), history).verdicts[0].action == "none"


@pytest.mark.parametrize(("declared", "entry", "history", "word"), [
    (PIN, resident("a", context=256), NEW_CONTEXT, "context_mismatch"),
    (WARM, resident("a", 90 * MINUTE), NEW_KEEP_ALIVE, "overstaying"),
    ("a", resident("a", 20 * MINUTE), NEW_KEEP_ALIVE, "expiring"),
])  # fmt: skip
@pytest.mark.parametrize("known", [True, False], ids=["seen before", "another start"])
def test_no_client_is_blamed_for_a_new_declaration(declared: Any, entry: Any, history: History, word: str, known: bool) -> None:
    seen = look(["a"], [entry], runners("a"))
    plan = make_plan(policy(declared), seen, history)
    past = remember("1", seen, {A: resident("a")}, None) if known else Past()
    assert name_causes(plan.verdicts[0], past, present_of("1", seen, plan, past))[word] == Cause("declaration_changed", OBSERVED)


def test_it_is_written_and_read_back() -> None:
    known = {A: Applied("1800s", 256), ModelName.parse("b"): Applied(-1)}
    assert parse_applied(json.loads(json.dumps(applied_data(known)))) == known


@pytest.mark.parametrize(
    "raw",
    [[], {"a": 1}, {"a": {"keep_alive": None, "num_ctx": 1}}, {"a": {"keep_alive": True}}, {"a": {"keep_alive": 1, "num_ctx": "x"}}, {"": {"keep_alive": 1}}],
)
def test_what_is_no_account_is_refused(raw: Any) -> None:
    with pytest.raises(InvalidValue):
        parse_applied(raw)


def test_the_state_is_read_where_it_says_so_and_never_waited_for(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "state.json"
    assert read_applied(str(path)) == {}
    path.write_text('{"applied": {"a": {"keep_alive": -1, "num_ctx": 256}}}')
    assert read_applied(str(path)) == {A: Applied(-1, 256)}
    path.write_text('{"schema": 2}')
    assert read_applied(str(path)) is None
    path.write_text("no JSON")
    with pytest.raises(InvalidValue, match="holds no state"):
        read_applied(str(path))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InvalidValue, match="cannot be read"):
        read_applied(str(path))
