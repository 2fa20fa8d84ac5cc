# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No conflict goes on for ever: contexts, places in memory, and what an hour may cost. Slow loads are counted."""

from __future__ import annotations

import pathlib

import pytest
from keepwarm._residency.decide.conflicts import Conflict
from keepwarm._residency.decide.reloads import Load, context_conflicts, last_hour, remaining_budget
from keepwarm._residency.values.model_name import ModelName
from ollama_warmup import exits
from ollama_warmup.state.incidents import Incident
from ollama_warmup.state.state import State
from ollama_warmup.state.state_file import StateFile
from support.agent import Agent
from support.fake_server import Installed

A = ModelName.parse("a")
CTX_A = {"name": "a", "num_ctx": 8192}
HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("ollama_warmup.passes.one_pass.time.time", found.time)
    return found


def run(agent: Agent, *models: object, **policy: object) -> tuple[int, list[str]]:
    return agent.run(*models, **policy), agent.server.work()


# Contexts.


def change_contexts(agent: Agent, clock: Clock, rounds: int) -> list[list[str]]:
    """A client sends its own num_ctx, a pass follows, again and again."""
    work = []
    for dummy in range(rounds):
        clock.now += 60
        agent.server.hold("a", -1, 2048)
        work.append(run(agent, CTX_A, context_mismatch="reload")[1])
    return work


def test_a_context_is_put_back_so_often_and_then_left_to_the_client(agent: Agent, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    run(agent, CTX_A, context_mismatch="reload")
    again = ["generate a:latest -1 num_ctx 8192"]
    assert change_contexts(agent, clock, 5) == [again, again, again, [], []]
    lines = [line for line in capsys.readouterr().err.splitlines() if "conflict" in line or "event=warning" in line]
    assert lines[0] == "event=conflict model=a:latest kind=context declared=8192 found=2048"
    assert "a was reloaded 3 times within an hour to get its context of 8192 back, and has 2048 again" in "\n".join(lines)
    assert sum("event=conflict" in line for line in lines) == 1
    assert agent.state.last_pass is not None
    assert agent.state.last_pass.exit == exits.WARM


def test_after_the_hour_it_goes_on(agent: Agent, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    run(agent, CTX_A, context_mismatch="reload")
    change_contexts(agent, clock, 4)
    clock.now += HOUR - 120
    assert run(agent, CTX_A, context_mismatch="reload")[1] == ["generate a:latest -1 num_ctx 8192"]
    assert "event=conflict_resolved model=a:latest kind=context" in capsys.readouterr().err
    assert agent.state.conflicts == ()


def test_a_context_that_is_only_reported_costs_nothing(agent: Agent, clock: Clock) -> None:
    run(agent, CTX_A)
    for dummy in range(5):
        agent.server.hold("a", -1, 2048)
        assert run(agent, CTX_A)[1] == []
    assert agent.state.conflicts == ()


def test_in_a_conflict_the_expiry_is_put_back_all_the_same(agent: Agent, clock: Clock) -> None:
    run(agent, CTX_A, context_mismatch="reload")
    change_contexts(agent, clock, 4)
    agent.server.hold("a", "5m", 2048)
    assert run(agent, CTX_A, context_mismatch="reload") == (exits.WARM, ["generate a:latest -1 num_ctx 2048"])


# Places in memory.


def test_a_model_that_is_set_aside_is_named_with_those_that_it_does_not_fit_beside(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.server.limit = 1
    agent.run("a", "b")
    said = capsys.readouterr().err
    assert "event=conflict model=b:latest kind=eviction by=a:latest" in said
    assert "b was set aside: loading it cost a, which is to stay before it, its place in memory" in said
    agent.run("a", "b")
    assert agent.state.last_pass is not None
    assert agent.state.last_pass.failures[0].startswith("b was set aside by an earlier pass: memory does not hold it beside a:latest;")
    assert "event=conflict" not in capsys.readouterr().err


def test_pins_come_before_what_is_loaded_once(agent: Agent) -> None:
    agent.server.limit = 1
    agent.server.hold("b")
    assert agent.run({"name": "a", "policy": "warm", "keep_alive": "30m", "required": False}, "b") == exits.WARM
    assert agent.server.at("b") is not None
    assert {name: aside.rivals for name, aside in agent.state.set_aside.items()} == {A: ("b:latest",)}


def test_a_pin_that_a_foreign_model_kept_out_is_tried_again_when_that_has_left(agent: Agent, clock: Clock) -> None:
    """Three pins, a limit of three, and a busy foreign model in one of the places for a while."""
    agent.server.models.append(Installed("x"))
    agent.server.limit = 3
    pins, limit = ("a", "b", "c"), {"max_loaded_models": 3}
    agent.server.hold("x", "5m").busy = True
    agent.run(*pins, **limit)
    assert {name.model for name in agent.state.set_aside} == {"c"}
    clock.now += 30
    assert run(agent, *pins, **limit)[1] == []
    del agent.server.loaded[Installed("x").blob]
    assert agent.run(*pins, **limit) == exits.WARM
    assert agent.server.work() == ["generate c:latest -1"]
    assert agent.state.set_aside == {}


def test_a_foreign_model_that_stays_costs_a_place_at_growing_intervals_only(agent: Agent, clock: Clock) -> None:
    agent.server.models.append(Installed("x"))
    agent.server.limit = 3
    pins, limit = ("a", "b", "c"), {"max_loaded_models": 3}
    agent.server.hold("x", "2h").busy = True
    agent.run(*pins, **limit)
    tried = []
    for minute in range(60):
        clock.now += 60
        tried += [minute] if "generate c:latest -1" in run(agent, *pins, **limit)[1] else []
    assert tried == [0, 2, 6, 14, 30]
    agent.server.finish_request("x")
    clock.now += HOUR
    assert agent.run(*pins, **limit) == exits.WARM


def test_a_run_by_hand_always_tries(agent: Agent) -> None:
    agent.server.limit = 1
    agent.run("a", "b")
    assert run(agent, "a", "b")[1] == []
    pathlib.Path(agent.instance.by_hand).touch()
    assert "generate b:latest -1" in run(agent, "a", "b")[1]
    assert run(agent, "a", "b")[1] == []


def test_a_model_that_is_evicted_again_and_again_is_in_conflict(agent: Agent, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    agent.server.limit = 1
    agent.run("a")
    for dummy in range(4):
        clock.now += 60
        agent.server.hold("c", "5m")
        assert agent.run("a") == exits.WARM
    assert agent.state.conflicts == (Conflict("a:latest", "eviction", ("c:latest",), clock.now - 60),)
    assert capsys.readouterr().err.count("event=conflict model=a:latest kind=eviction by=c:latest") == 1


@pytest.mark.parametrize("settled", ["limit raised", "declared otherwise"])
def test_a_conflict_that_was_settled_is_over(agent: Agent, clock: Clock, capsys: pytest.CaptureFixture[str], settled: str) -> None:
    agent.server.limit = 1
    agent.run("a")
    for dummy in range(4):
        clock.now += 60
        agent.server.hold("c", "5m")
        agent.run("a")
    assert len(agent.state.conflicts) == 1
    clock.now += 60
    if settled == "limit raised":  # which takes another start of the server
        agent.server.limit, agent.start = 4, "200-2"
        agent.server.loaded.clear()
    models = ["a"] if settled == "limit raised" else ["a", "c"]
    agent.server.limit = 4
    agent.run(*models)
    clock.now += 60
    assert agent.run(*models) == exits.WARM
    assert agent.state.conflicts == ()
    assert "event=conflict_resolved model=a:latest kind=eviction" in capsys.readouterr().err


def test_one_model_is_named_once_among_those_that_it_is_in_conflict_with(agent: Agent, clock: Clock) -> None:
    evictions = [Incident("b:latest", "evicted", "inferred", clock.now, clock.now, ("not_loaded",), ("a:latest",))] * 3
    StateFile(agent.instance.state_folder).save(State(incidents=tuple(evictions)))
    agent.server.limit = 1
    agent.run("a", "b")
    assert [conflict.against for conflict in agent.state.conflicts if conflict.model == "b:latest"] == [("a:latest",)]


def test_a_model_that_is_no_longer_declared_is_in_no_conflict(agent: Agent, clock: Clock) -> None:
    evictions = [Incident("a:latest", "evicted", "inferred", clock.now, clock.now, ("not_loaded",), ("c:latest",))] * 3
    StateFile(agent.instance.state_folder).save(State(incidents=tuple(evictions)))
    agent.run("b")
    assert agent.state.conflicts == ()


def test_evictions_of_long_ago_are_no_conflict(agent: Agent, clock: Clock) -> None:
    evictions = tuple(Incident("a:latest", "evicted", "inferred", clock.now + at, clock.now + at, ("not_loaded",), ("c",)) for at in (0, 100, 200))
    StateFile(agent.instance.state_folder).save(State(incidents=evictions))
    clock.now += 300
    agent.run("a")
    assert agent.state.conflicts == (Conflict("a:latest", "eviction", ("c",), clock.now),)
    clock.now += HOUR - 200
    agent.run("a")
    assert agent.state.conflicts == ()


# What an hour may cost.


def test_beyond_the_budget_it_only_reports(agent: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ollama_warmup.configuration.RELOADS", 2)
    agent.run("a")
    work = []
    for dummy in range(4):
        clock.now += 60
        agent.server.loaded.clear()
        work.append((agent.run("a", "b"), [call.split()[1] for call in agent.server.work()]))
    assert work == [
        (exits.WARM, ["a:latest", "b:latest"]),
        (exits.NOT_RESIDENT, ["a:latest"]),
        (exits.NOT_RESIDENT, []),
        (exits.NOT_RESIDENT, []),
    ]
    assert agent.state.last_pass is not None
    assert agent.state.last_pass.failures[0] == "a is not loaded again for now: the budget of reloads per hour is spent"
    clock.now += HOUR
    assert agent.run("a", "b") == exits.WARM


def test_starts_of_the_server_cost_nothing(agent: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ollama_warmup.configuration.RELOADS", 1)
    for start in range(5):
        agent.server.loaded.clear()
        agent.start = f"{start}-1"
        assert agent.run("a") == exits.WARM


def test_only_the_last_hour_counts() -> None:
    loads = [Load(at, "a:latest", "reload", cause) for at, cause in ((0, "evicted"), (100, "runner_died"), (200, "server_restarted"), (9999, "evicted"))]
    assert [load.at for load in last_hour(loads, HOUR)] == [100, 200]
    assert remaining_budget(last_hour(loads, HOUR), 5) == 4
    assert remaining_budget(loads, 2) == 0
    assert context_conflicts(loads, 4) == {A: 4}
    assert context_conflicts(loads, 5) == {}


# Slow loads.


def test_a_load_that_takes_longer_than_it_may_is_told_and_counted(agent: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepwarm._residency.execute.warmer.time.monotonic", agent.server.clock.monotonic)
    agent.run({"name": "a", "slow_load_seconds": 1.5}, "b", {"name": "c", "slow_load_seconds": 3})
    lines = [line for line in capsys.readouterr().err.splitlines() if "slow" in line]
    assert lines == ["event=slow_load model=a:latest seconds=2.0 declared=1.5"]
    counts = agent.state.counts
    assert (counts.slow_loads, counts.loads) == ({"a:latest": 1}, {"a:latest": 1, "b:latest": 1, "c:latest": 1})
    assert counts.load_seconds == {"a:latest": 2.0, "b:latest": 2.0, "c:latest": 2.0}
    agent.run({"name": "a", "slow_load_seconds": 1.5}, "b", {"name": "c", "slow_load_seconds": 3})
    assert capsys.readouterr().err == ""
