# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for warm models: what opens a gate, what does not, and what waiting costs."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import time
from typing import Callable

import pytest
from keepwarm._residency.server.hold_file import Hold, write_hold
from ollama_warmup import exits
from ollama_warmup.cli import waiting
from ollama_warmup.cli.main import main
from support.agent import Agent
from support.fake_server import FakeClock


@dataclasses.dataclass
class Scripted(FakeClock):
    """A clock at whose given seconds something happens, once each."""

    happenings: dict[float, Callable[[], object]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        for due in [at for at in self.happenings if at <= self.seconds]:
            self.happenings.pop(due)()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    found = Scripted()
    monkeypatch.setattr(waiting, "time", found)
    monkeypatch.setattr(waiting, "import_http_client", lambda _url: None)
    return found


def wait(agent: Agent, *words: str) -> int:
    agent.server.calls.clear()
    agent.configure("a")
    return main(["wait", *words], root=agent.instance.root)


def is_pass_requested(agent: Agent) -> bool:
    return pathlib.Path(agent.instance.wake).exists()


def test_a_warm_host_lets_through_at_once_after_a_look_at_the_server(agent: Agent, clock: Scripted) -> None:
    agent.run("a")
    assert (wait(agent), clock.seconds) == (exits.WARM, 0)
    assert (agent.server.looks > 0, agent.server.work()) == (True, [])
    assert not is_pass_requested(agent)


def test_a_cold_host_lets_through_when_a_pass_has_ended_warm(agent: Agent, clock: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    clock.happenings[60] = lambda: agent.run("a")
    assert (wait(agent), clock.seconds) == (exits.WARM, 60)
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in said if "wait" in line] == ["event=waiting", "event=waited"]


def test_waiting_for_a_pass_asks_the_server_nothing_and_for_one_pass(agent: Agent, clock: Scripted) -> None:
    requested: list[bool] = []
    clock.happenings = {1: lambda: requested.append(is_pass_requested(agent)) or os.unlink(agent.instance.wake)}
    assert wait(agent, "--timeout", "600") == exits.NOT_RESIDENT
    assert (agent.server.calls, requested, is_pass_requested(agent), clock.seconds) == ([], [True], False, 600)


def test_a_pass_that_is_running_is_waited_for_and_no_other_asked_for(agent: Agent, clock: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(waiting, "unit_state", lambda unit: asked.append(unit) or {"ActiveState": "activating"})
    clock.happenings[60] = lambda: agent.run("a")
    assert (wait(agent), clock.seconds) == (exits.WARM, 60)
    assert not is_pass_requested(agent)
    assert set(asked) == {"ollama-warmup.service"}
    assert len(asked) == 12  # once in five seconds


def test_a_pass_is_asked_for_after_the_one_that_was_running(agent: Agent, clock: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"ActiveState": "activating"}
    monkeypatch.setattr(waiting, "unit_state", lambda _unit: state)
    requested: list[bool] = []
    clock.happenings = {
        30: lambda: requested.append(is_pass_requested(agent)) or state.update(ActiveState="inactive"),
        40: lambda: requested.append(is_pass_requested(agent)),
    }
    assert wait(agent, "--timeout", "60") == exits.NOT_RESIDENT
    assert requested == [False, True]


def test_a_model_that_left_since_the_pass_is_waited_for(agent: Agent, clock: Scripted) -> None:
    agent.run("a")
    agent.server.loaded.clear()
    clock.happenings[20] = lambda: agent.run("a")
    assert (wait(agent), clock.seconds) == (exits.WARM, 20)


def test_a_server_that_does_not_agree_with_the_pass_is_asked_seldom(agent: Agent, clock: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    agent.run("a")
    agent.server.loaded.clear()
    agent.server.looks = 0
    assert wait(agent, "--timeout", "60") == exits.NOT_RESIDENT
    assert agent.server.looks == 13  # at the beginning, and every five seconds
    assert "event=wait_timed_out" in capsys.readouterr().err


@pytest.mark.parametrize("trouble", ["gone", "failing"])
def test_a_pass_that_fails_lets_nobody_through(agent: Agent, clock: Scripted, trouble: str) -> None:
    agent.server.gone = trouble == "gone"
    if trouble == "failing":
        agent.server.models.clear()
    clock.happenings[5] = lambda: agent.run("a")
    assert wait(agent, "--timeout", "30") == exits.NOT_RESIDENT


def test_a_server_that_vanished_since_the_pass_is_waited_for(agent: Agent, clock: Scripted) -> None:
    agent.run("a")
    agent.server.gone = True
    clock.happenings[10] = lambda: setattr(agent.server, "gone", False)
    assert (wait(agent), clock.seconds) == (exits.WARM, 10)


def test_a_configuration_that_changes_meanwhile_counts(agent: Agent, clock: Scripted) -> None:
    def declare_one_more() -> None:
        agent.configure("a", "b")
        agent.run("a")  # a pass that began before

    clock.happenings = {5: declare_one_more, 12: lambda: agent.run("a", "b")}
    assert (wait(agent), clock.seconds) == (exits.WARM, 12)


def test_an_optional_model_is_not_waited_for(agent: Agent, clock: Scripted) -> None:
    agent.run("a")
    agent.server.calls.clear()
    agent.configure("a", {"name": "nowhere", "required": False})
    assert main(["wait"], root=agent.instance.root) == exits.WARM


def test_a_state_that_cannot_be_read_keeps_nobody_out(agent: Agent, clock: Scripted) -> None:
    agent.run("a")
    pathlib.Path(agent.instance.state_folder, "state.json").write_text("garbage")
    assert wait(agent) == exits.WARM


def test_whoever_may_not_ask_for_a_pass_waits_all_the_same(agent: Agent, clock: Scripted) -> None:
    pathlib.Path(agent.instance.wake).mkdir()
    assert wait(agent, "--timeout", "2") == exits.NOT_RESIDENT


def declare(agent: Agent, models: list[str] | None) -> Callable[[], object]:
    return lambda: agent.configure(policy={"models": models})


@pytest.mark.parametrize("held", [False, True])
def test_a_list_that_is_taken_away_while_somebody_waits_ends_the_wait(agent: Agent, clock: Scripted, held: bool) -> None:
    clock.happenings = {2.0: declare(agent, None)}
    if held:
        now = time.time()
        write_hold(agent.instance.hold, Hold(until=now + 3600, since=now))
    assert wait(agent) == exits.BAD_CONFIGURATION
    assert clock.seconds <= 2 + 5


def test_a_list_that_is_emptied_while_somebody_waits_lets_through_without_a_mark(agent: Agent, clock: Scripted) -> None:
    clock.happenings = {2.0: declare(agent, [])}
    assert wait(agent) == exits.WARM
    assert (clock.seconds <= 2 + 5, agent.is_marked_warm) == (True, False)
