# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a plan's steps, the reasons for those that are not taken, and who gives way after a load, as functions of values."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import Progress
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.settlement import Loaded, judge
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.steps import Choice, Step, Tried, choose
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History, Plan, Stray
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Observation
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.past import Cause
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy
from support.values import look, policy, processes, resident, runners

A, B = (ModelName.parse(name) for name in "ab")
SOON = timedelta(minutes=5)
# `a` is about to leave, `b` is not in memory, `s` is no pin any more.
MIXED = look("abs", (resident("a", SOON), resident("s")), runners("a", "s"))


def progress_of(plan: Plan, **causes: str) -> dict[ModelName, Progress]:
    found = {verdict.model.name: Progress(verdict.model, verdict, verdict) for verdict in plan.verdicts}
    for name, word in causes.items():
        found[ModelName.parse(name)].causes["not_loaded"] = Cause(word, "observed")
    return found


def first(declared: Policy, seen: Observation, history: History | None = None, **tried: Any) -> Choice:
    plan = make_plan(declared, seen, history)
    return choose(plan, Tried(tried.pop("progress", None) or progress_of(plan), **tried))


def names(choice: Choice) -> tuple[str, str]:
    assert choice.step is not None
    if isinstance(choice.step, Stray):
        return str(choice.step.name), choice.step.action
    return choice.step.verdict.model.declared, choice.step.verdict.action


def test_expiries_come_first_then_what_is_not_declared_then_loads() -> None:
    declared, history = policy("b", "a"), History(pinned=frozenset({ModelName.parse("s")}))
    plan = make_plan(declared, MIXED, history)
    progress = progress_of(plan)
    assert names(choose(plan, Tried(progress))) == ("a", "set_expiry")
    progress[A].failure = "it did not answer"
    assert names(choose(plan, Tried(progress))) == ("s:latest", "set_expiry")
    assert names(choose(plan, Tried(progress, strays=frozenset({ModelName.parse("s")})))) == ("b", "load")
    progress[B].attempts["load"] = 1
    assert choose(plan, Tried(progress, strays=frozenset({ModelName.parse("s")}))) == Choice()


def test_what_failed_is_loaded_after_the_others() -> None:
    seen = look("ab", (), runners())
    assert names(first(policy("a", "b"), seen)) == ("a", "load")
    assert names(first(policy("a", "b"), seen, failed=frozenset({A}))) == ("b", "load")


def test_only_the_models_in_scope_are_acted_on_and_nothing_undeclared() -> None:
    history = History(pinned=frozenset({ModelName.parse("s")}))
    assert names(first(policy("a", "b"), MIXED, history, only=frozenset({B}))) == ("b", "load")


def test_a_load_that_the_budget_does_not_cover_is_withheld_with_the_reason_and_holds_up_no_first_load() -> None:
    declared, seen = policy("a", "b"), look("ab", (), runners())
    plan = make_plan(declared, seen)
    progress = progress_of(plan, a="evicted", b="never_loaded")
    spent = choose(plan, Tried(progress, reloads=0))
    assert names(spent) == ("b", "load")
    assert spent.withheld == {A: "a is not loaded again for now: the budget of reloads per hour is spent"}
    assert isinstance(spent.step, Step) and not spent.step.from_budget
    left = choose(plan, Tried(progress, reloads=1))
    assert isinstance(left.step, Step) and (names(left), left.step.from_budget, left.withheld) == (("a", "load"), True, {})


def test_only_a_hung_runner_is_unloaded_before_the_load() -> None:
    hung = look("a", (resident("a"),), runners("a"))
    hung = replace(hung, **processes("a", state="T"))
    for seen, unloads in ((hung, True), (look("a", (), runners()), False)):
        step = first(policy("a"), seen).step
        assert isinstance(step, Step)
        assert (step.is_load, step.unloads) == (True, unloads)


def ruling(declared: Policy, loaded: str, before: Observation, after: Observation, tried_again: frozenset[ModelName] = frozenset()) -> Any:
    plan = make_plan(declared, before)
    progress = progress_of(plan)
    for verdict in make_plan(declared, after).verdicts:
        progress[verdict.model.name].last = verdict
    verdict = next(verdict for verdict in plan.verdicts if verdict.model.declared == loaded)
    return judge(Loaded(verdict, plan, (before, after)), progress.values(), declared, tried_again)


BEFORE, AFTER = look("abc", (resident("a"),), runners("a")), look("abc", (resident("b"),), runners("b"))


def test_a_load_that_displaced_a_model_declared_before_it_gives_way() -> None:
    found = ruling(policy("a", "b"), "b", BEFORE, AFTER)
    assert found.again == {A}
    assert (found.gives_way[B].rivals, found.gives_way[B].beside) == (("a:latest",), {"a:latest": 1000})
    assert found.gives_way[B].sentence == "b was set aside: loading it cost a, which is to stay before it, its place in memory"
    assert found.causes == {A: Cause("evicted", "observed", ("b:latest",))}


def test_what_a_load_displaced_and_is_declared_after_it_is_set_aside() -> None:
    found = ruling(policy("b", "a"), "b", BEFORE, AFTER)
    assert (set(found.gives_way), found.again) == ({A}, frozenset())
    assert found.gives_way[A].sentence == "a lost its place in memory when b was loaded"


def test_where_a_client_came_the_displaced_are_loaded_once_more_and_only_once() -> None:
    after = look("abc", (resident("b"), resident("c")), runners("b", "c"))
    found = ruling(policy("a", "b"), "b", BEFORE, after)
    assert (found.clients_came, found.again, found.gives_way) == (True, {A}, {})
    assert found.causes == {A: Cause("evicted", "inferred", ("c:latest",))}
    again = ruling(policy("a", "b"), "b", BEFORE, after, frozenset({A}))
    assert (again.clients_came, set(again.gives_way)) == (False, {B})


def test_a_load_that_cost_nobody_a_place_changes_nothing() -> None:
    both = look("ab", (resident("a"), resident("b")), runners("a", "b"))
    found = ruling(policy("a", "b"), "b", BEFORE, both)
    assert (found.causes, found.again, found.gives_way) == ({}, frozenset(), {})
