# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model whose load fails waits longer each time, holds up nobody, and is tried at once when something relevant changed."""

from __future__ import annotations

import pathlib

import pytest
from keepwarm._residency.decide.retries import Retry, after_crash, still_held, withheld
from keepwarm._residency.server.client import ServerRefused, ServerUnreachable
from keepwarm._residency.values.model_name import ModelName
from ollama_warmup import exits
from ollama_warmup.cli import commands
from ollama_warmup.passes.inspection import inspect
from support.agent import Agent

REFUSED = ServerRefused("500: no room", 500, "no room")
NOW = 1_000_000.0
A = ModelName.parse("a")


@pytest.fixture
def failing(agent: Agent) -> Agent:
    """Loads of a fail, and have failed twice; b is in memory."""
    agent.server.failing["a"] = REFUSED
    for dummy in range(2):
        agent.run("a", "b")
    return agent


def loads(agent: Agent) -> list[str]:
    return [call.split()[1] for call in agent.server.work()]


def test_the_pass_after_the_first_failure_tries_again_and_later_ones_wait(agent: Agent) -> None:
    agent.server.failing["a"] = REFUSED
    tried = []
    for dummy in range(4):
        assert agent.run("a", "b") == exits.NOT_RESIDENT
        tried.append(loads(agent))
    assert tried == [["a:latest", "b:latest"], ["a:latest"], [], []]
    last = agent.state.last_pass
    assert last is not None
    assert last.failures == ("load of a failed: 500: no room",)


def test_while_it_waits_nothing_is_told_again(failing: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    failing.run("a", "b")
    assert capsys.readouterr().err == ""


def test_check_says_what_it_waits_for(failing: Agent) -> None:
    found = inspect(failing.configuration("a", "b"), failing.state)
    assert (found.exit, found.failures) == (exits.NOT_RESIDENT, ("load of a failed: 500: no room",))
    assert [model["action"] for model in found.models] == ["none", "none"]


def test_a_model_that_failed_comes_after_those_that_did_not(agent: Agent) -> None:
    agent.server.failing["a"] = REFUSED
    agent.run("a", "b")
    agent.server.loaded.clear()
    agent.run("a", "b")
    assert loads(agent) == ["b:latest", "a:latest"]


def test_the_delay_is_over_some_time(failing: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    due = failing.state.retries["a:latest"].next_at
    monkeypatch.setattr("ollama_warmup.passes.one_pass.time.time", lambda: due - 0.1)
    failing.run("a", "b")
    assert loads(failing) == []
    monkeypatch.setattr("ollama_warmup.passes.one_pass.time.time", lambda: due)
    failing.run("a", "b")
    assert loads(failing) == ["a:latest"]
    assert failing.state.retries["a:latest"].next_at - due == 20


def by_hand(agent: Agent) -> None:
    pathlib.Path(agent.instance.by_hand).touch()


def new_start(agent: Agent) -> None:
    agent.start = "200-2"


def new_weights(agent: Agent) -> None:
    agent.server.models[0].version = "2"


@pytest.mark.parametrize("change", [by_hand, new_start, new_weights])
def test_it_is_tried_at_once_when_something_relevant_changed(failing: Agent, change: object) -> None:
    change(failing)  # type: ignore[operator]
    failing.run("a", "b")
    assert "a:latest" in loads(failing)


def test_it_is_tried_at_once_when_it_was_declared_otherwise(failing: Agent) -> None:
    failing.run({"name": "a", "num_ctx": 512}, "b")
    assert loads(failing) == ["a:latest"]


def test_what_an_operator_asked_for_counts_once(failing: Agent) -> None:
    by_hand(failing)
    failing.run("a", "b")
    assert not pathlib.Path(failing.instance.by_hand).exists()


def test_root_follows_no_link_that_the_service_user_put_there(agent: Agent, tmp_path: pathlib.Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    pathlib.Path(agent.instance.by_hand).symlink_to(precious)
    commands._ask_by_hand(agent.instance)
    assert precious.read_text() == "kept"
    pathlib.Path(agent.instance.by_hand).unlink()
    commands._ask_by_hand(agent.instance)
    assert pathlib.Path(agent.instance.by_hand).is_file()


def test_a_model_that_is_in_memory_again_is_forgotten(failing: Agent) -> None:
    failing.server.failing.clear()
    failing.server.hold("a")
    assert failing.run("a", "b") == exits.WARM
    assert failing.state.retries == {}


def test_what_waits_for_its_load_gets_its_expiry_all_the_same(failing: Agent) -> None:
    failing.server.failing.clear()
    failing.server.hold("a", "5m")
    assert failing.run("a", "b") == exits.WARM
    assert failing.server.work() == ["generate a:latest -1 num_ctx 4096"]


def test_a_load_that_takes_the_server_with_it_is_not_what_every_start_begins_with(agent: Agent) -> None:
    agent.server.failing["a"] = ServerUnreachable("Connection reset by peer")
    tried = []
    for start in range(4):
        agent.start = f"{start}-1"
        agent.server.loaded.clear()
        agent.run("b", "a")
        tried.append(loads(agent))
    assert tried == [["b:latest", "a:latest"], ["b:latest", "a:latest"], ["b:latest"], ["b:latest"]]
    assert agent.state.retries["a:latest"].took_server
    assert agent.state.last_pass is not None
    assert agent.state.last_pass.failures == ("load of a:latest failed: the server hung up or ended meanwhile",)


def test_delays_double_up_to_an_hour() -> None:
    held: dict[str, Retry] = {}
    delays = []
    for dummy in range(12):
        held = after_crash(held, A, NOW)
        delays.append(held["a:latest"].next_at - NOW)
    assert delays == [0, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


@pytest.mark.parametrize(("next_at", "waits"), [(NOW + 5, True), (NOW, False), (NOW - 5, False), (NOW + 3600, True), (NOW + 3601, False)])
def test_a_clock_that_was_put_back_makes_nobody_wait_for_years(next_at: float, waits: bool) -> None:
    assert bool(withheld({"a:latest": Retry(3, next_at, "no", "d")}, NOW)) is waits


def test_only_a_load_that_took_the_server_waits_over_its_start() -> None:
    retries = {"a:latest": Retry(3, NOW, "no", "d"), "b:latest": Retry(3, NOW, "no", "d", took_server=True)}
    assert set(still_held(retries, frozenset(), same_start=False)) == {"b:latest"}
    assert set(still_held(retries, frozenset({"b:latest"}), same_start=True)) == {"a:latest"}
