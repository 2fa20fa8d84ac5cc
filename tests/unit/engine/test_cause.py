# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an earlier and the present look tell of why a model drifted, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.cause_rules import INFERRED, OBSERVED
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.causes import chief, evident_cause, name_causes, present_of
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Observation, ResidentModel, Runners
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.past import Cause, Past, remember
from support.values import NOW, blob, digest, look, policy, resident

A = ModelName.parse("a")
NAMES = ["a", "b", "stray"]
MINUTE = timedelta(minutes=1)
WARM_A = {"name": "a", "policy": "warm", "keep_alive": "30m"}
CTX_A = {"name": "a", "num_ctx": 8192}


def processes(started: Mapping[str, str]) -> Runners:
    return Runners(frozenset(map(blob, started)), starts={blob(name): start for name, start in started.items()})


def sight(*listed: ResidentModel, runs: Mapping[str, str] | None = None, later: timedelta = timedelta(0), seen: bool = True) -> Observation:
    """A look at which each listed model has a runner of its own name, or that of `runs`."""
    own = {entry.name.model: f"runner of {entry.name.model}" for entry in listed}
    return look(NAMES, listed, processes(own if runs is None else runs) if seen else None, now=NOW + later)


def before(*listed: ResidentModel, server: str | None = "1", seen: bool = True, declared: tuple[str, ...] = ("a", "b")) -> Past:
    observation = sight(*listed, seen=seen)
    by_name = {entry.name: entry for entry in listed}
    return remember(server, observation, {ModelName.parse(name): by_name.get(ModelName.parse(name)) for name in declared}, None)


def causes(past: Past | None, now: Observation, declared: Any = "a", server: str | None = "1") -> dict[str, Cause]:
    plan = make_plan(policy(declared, "b"), now, History(past=past))
    present = present_of(server, now, plan, past)
    return name_causes(plan.verdicts[0], past, present)


def word(past: Past | None, now: Observation, **others: Any) -> tuple[str, str, tuple[str, ...]]:
    found = chief(causes(past, now, **others))
    assert found is not None
    return found.word, found.evidence, found.by


WITH_A = before(resident("a"))
WITH_BOTH = before(resident("a"), resident("b"))
WITH_STRAY = before(resident("a"), resident("stray", MINUTE))
FINITE = before(resident("a", 5 * MINUTE))


@pytest.mark.parametrize(
    ("past", "now", "server", "cause"),
    [
        (Past(), sight(), "1", ("never_loaded", INFERRED, ())),
        (before(), sight(), "1", ("never_loaded", OBSERVED, ())),
        (before(), sight(), "2", ("never_loaded", INFERRED, ())),
        (before(server=None), sight(), None, ("never_loaded", INFERRED, ())),
        (WITH_A, sight(), "2", ("server_restarted", OBSERVED, ())),
        (WITH_A, sight(resident("stray")), "2", ("server_restarted", OBSERVED, ())),
        (FINITE, sight(later=6 * MINUTE), "1", ("expired", INFERRED, ())),
        (FINITE, sight(later=4 * MINUTE), "1", ("unloaded_by_client", INFERRED, ())),
        (WITH_A, sight(later=timedelta(days=400 * 365)), "1", ("unloaded_by_client", INFERRED, ())),
        (WITH_A, sight(), "1", ("unloaded_by_client", INFERRED, ())),
        (WITH_A, sight(resident("stray")), "1", ("evicted", INFERRED, ("stray:latest",))),
        (WITH_A, sight(resident("b"), resident("stray")), "1", ("evicted", INFERRED, ("b:latest", "stray:latest"))),
        (WITH_BOTH, sight(resident("b")), "1", ("unloaded_by_client", INFERRED, ())),
        (WITH_BOTH, sight(resident("b"), runs={"b": "another"}), "1", ("evicted", INFERRED, ("b:latest",))),
        (WITH_STRAY, sight(resident("stray")), "1", ("unloaded_by_client", INFERRED, ())),
        (WITH_STRAY, sight(resident("stray"), runs={"stray": "another"}), "1", ("evicted", INFERRED, ("stray:latest",))),
    ],
)
def test_why_a_model_is_absent(past: Past, now: Observation, server: str | None, cause: tuple[str, str, tuple[str, ...]]) -> None:
    assert word(past, now, server=server) == cause


@pytest.mark.parametrize(
    ("left", "now", "cause"),
    [
        ((resident("a"), resident("b")), sight(seen=False), "server_restarted"),
        ((resident("a"), resident("b")), sight(resident("b"), seen=False), "unloaded_by_client"),
        ((resident("a"),), sight(seen=False), "unloaded_by_client"),
        ((resident("a"), resident("stray", MINUTE)), sight(resident("stray"), seen=False), "evicted"),
    ],
)
def test_where_starts_cannot_be_told_apart_all_is_inferred(left: tuple[ResidentModel, ...], now: Observation, cause: str) -> None:
    assert word(before(*left, server=None, seen=False), now, server=None)[:2] == (cause, INFERRED)


@pytest.mark.parametrize(
    ("past", "now", "server", "cause"),
    [
        (WITH_A, sight(resident("a", MINUTE)), "1", ("client_changed_expiry", OBSERVED)),
        (before(resident("a"), seen=False), sight(resident("a", MINUTE), seen=False), "1", ("client_changed_expiry", INFERRED)),
        (Past(), sight(resident("a", MINUTE)), "1", ("client_changed_expiry", INFERRED)),
        (WITH_A, sight(resident("a", MINUTE)), "2", ("server_restarted", OBSERVED)),
        (WITH_A, sight(resident("a", MINUTE, context=2048)), "1", ("context_changed_by_client", OBSERVED)),
        (WITH_A, sight(resident("a", MINUTE), runs={"a": "another"}), "1", ("unloaded_by_client", INFERRED)),
        (WITH_A, sight(resident("a", MINUTE), resident("stray"), runs={"a": "another", "stray": "x"}), "1", ("evicted", INFERRED)),
        (FINITE, sight(resident("a", 5 * MINUTE)), "1", ("unknown", INFERRED)),
        (FINITE, sight(resident("a", 9 * MINUTE)), "1", ("unknown", INFERRED)),
    ],
)
def test_why_a_pin_is_to_expire(past: Past, now: Observation, server: str, cause: tuple[str, str]) -> None:
    assert word(past, now, server=server)[:2] == cause


def test_why_a_warm_model_stays_too_long() -> None:
    long = sight(resident("a", 90 * MINUTE))
    assert word(before(resident("a", 30 * MINUTE)), long, declared=WARM_A)[:2] == ("client_changed_expiry", OBSERVED)
    assert word(before(resident("a", 90 * MINUTE)), long, declared=WARM_A)[:2] == ("unknown", INFERRED)


@pytest.mark.parametrize(
    ("past", "server", "cause"),
    [
        (before(resident("a", context=8192)), "1", ("context_changed_by_client", OBSERVED)),
        (before(resident("a", context=8192)), "2", ("context_changed_by_client", INFERRED)),
        (Past(), "1", ("context_changed_by_client", INFERRED)),
        (WITH_A, "1", ("unknown", INFERRED)),
    ],
)
def test_why_a_context_is_another(past: Past, server: str, cause: tuple[str, str]) -> None:
    assert word(past, sight(resident("a", context=4096)), declared=CTX_A, server=server)[:2] == cause


def test_a_model_that_was_on_the_gpu_and_is_not_any_more_has_lost_it() -> None:
    now = sight(resident("a", vram=0))
    assert causes(WITH_A, now) == {"spilled": Cause("gpu_lost", INFERRED)}
    assert causes(before(resident("a", vram=0)), now) == {}
    other = before(resident("a", version="1"))
    assert causes(other, now) == {}
    assert causes(WITH_A, sight(resident("a", vram=400))) == {"spilled": Cause("unknown", INFERRED)}
    assert causes(WITH_A, now, declared={"name": "a", "min_gpu_percent": 0}) == {}
    assert causes(before(resident("a", vram=0)), now, declared={"name": "a", "min_gpu_percent": 5}) == {"spilled": Cause("unknown", INFERRED)}


def test_that_it_was_on_the_gpu_outlives_its_leaving() -> None:
    gone = remember("1", sight(), {A: None}, WITH_A)
    assert gone.listed(A) is None
    back = remember("2", sight(resident("a", vram=0)), {A: resident("a", vram=0)}, gone)
    assert back.was_on_gpu(A, digest("a"))
    assert not back.was_on_gpu(A, digest("another"))


@pytest.mark.parametrize("past", [None, Past(), WITH_A])
def test_what_shows_by_itself_is_observed(past: Past | None) -> None:
    dead = sight(resident("a"), runs={})
    assert causes(past, dead)["dead_runner"] == Cause("runner_died", OBSERVED)
    stale = sight(resident("a", version="1"), runs={"old": "1"})
    assert causes(past, stale)["stale_digest"] == Cause("repulled", OBSERVED)


def test_a_runner_that_died_as_the_kernel_killed_one_for_memory_was_killed_for_memory() -> None:
    dead = replace(sight(resident("a"), runs={}), oom_kills=1)
    assert causes(WITH_A, dead)["dead_runner"] == Cause("oom_killed", INFERRED)
    assert causes(None, dead)["dead_runner"] == Cause("runner_died", OBSERVED)


@pytest.mark.parametrize("now", [sight(), sight(resident("a", MINUTE)), sight(resident("a", vram=400))])
def test_who_remembers_nothing_at_all_says_so(now: Observation) -> None:
    assert set(causes(None, now).values()) == {Cause("unknown", INFERRED)}
    (verdict,) = make_plan(policy("a"), now).verdicts
    assert evident_cause(verdict) == Cause("unknown", INFERRED)


def test_a_stuck_model_and_a_deleted_one_are_no_riddle_that_a_past_solves() -> None:
    assert word(WITH_A, sight(resident("a", -20 * MINUTE)))[:2] == ("unknown", INFERRED)
    deleted = replace(sight(), installed=())
    assert word(WITH_A, deleted)[:2] == ("unknown", INFERRED)
    assert word(before(), deleted)[:2] == ("never_loaded", INFERRED)


def test_what_is_undecided_has_no_cause() -> None:
    assert causes(WITH_A, sight(resident("a", -MINUTE))) == {}
    assert causes(WITH_A, sight(runs={"a": "loading"})) == {}


def test_a_model_that_took_the_place_is_named_once() -> None:
    """New weights under the stray's name are in memory beside its old ones."""
    now = sight(resident("stray"), resident("stray", version="new"))
    assert word(WITH_A, now) == ("evicted", INFERRED, ("stray:latest",))


def test_a_healthy_model_has_no_cause() -> None:
    assert causes(WITH_A, sight(resident("a"))) == {}
    assert chief({}) is None


def test_each_drift_has_its_own_cause_and_the_one_that_explains_most_is_the_models() -> None:
    found = causes(before(resident("a", context=8192)), sight(resident("a", MINUTE, vram=0), runs={}), declared=CTX_A)
    assert {drift: cause.word for drift, cause in found.items()} == {
        "dead_runner": "runner_died",
        "expiring": "context_changed_by_client",
        "context_mismatch": "context_changed_by_client",
        "spilled": "gpu_lost",
    }
    assert chief(found) == Cause("runner_died", OBSERVED)
