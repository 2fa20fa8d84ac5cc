# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass before a server in memory: what it asks, does, remembers and says."""

from __future__ import annotations

from typing import Any

import pytest
from ollama_warmup import exits
from ollama_warmup.passes import one_pass
from ollama_warmup.passes.signals import Interrupted
from ollama_warmup.state.state import State
from support.agent import STOPPED, Agent

WARM_C = {"name": "c", "policy": "warm", "keep_alive": "30m"}


def names(found: frozenset[Any]) -> list[str]:
    return sorted(map(str, found))


def test_the_first_pass_loads_and_tells(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    assert agent.run("a", "b") == exits.WARM
    assert agent.server.work() == ["generate a:latest -1", "generate b:latest -1"]
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[:2] for line in said] == [
        ["event=load", "model=a:latest"],
        ["event=load", "model=b:latest"],
        ["event=pass", "result=warm"],
    ]


def test_a_healthy_pass_asks_for_two_lists_and_says_nothing(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.run("a", "b")
    capsys.readouterr()
    assert agent.run("a", "b") == exits.WARM
    assert agent.server.calls == ["ps", "tags"]
    assert capsys.readouterr() == ("", "")


def test_the_journal_gets_priorities(agent: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    agent.run("a", "nowhere")
    assert [line[:13] for line in capsys.readouterr().err.splitlines()] == ["<5>event=load", "<3>event=not_", "<5>event=pass"]


def test_that_somebody_stopped_the_server_is_no_error(agent: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    agent.unit, agent.server.gone = STOPPED, True
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    monkeypatch.setattr("ollama_warmup.passes.one_pass.make_observer", patient(agent))
    assert agent.run("a") == exits.STOPPED
    assert [line[:18] for line in capsys.readouterr().err.splitlines()] == ["<5>event=not_warm ", "<5>event=pass resu"]


def test_a_failure_is_told_once_and_its_end_too(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.run("a", "nowhere")
    assert 'event=not_warm reason="nowhere is not installed' in capsys.readouterr().err
    agent.run("a", "nowhere")
    assert capsys.readouterr().err == ""
    agent.run("a")
    assert capsys.readouterr().err.startswith("event=pass result=warm ")


def test_a_pass_that_is_not_warm_leaves_no_mark(agent: Agent) -> None:
    assert (agent.run("a"), agent.is_marked_warm) == (exits.WARM, True)
    assert (agent.run("a", "nowhere"), agent.is_marked_warm) == (exits.NOT_RESIDENT, False)


def test_an_optional_model_that_is_not_resident_is_a_warning(agent: Agent) -> None:
    assert agent.run("a", {"name": "nowhere", "required": False}) == exits.WARM
    last = agent.state.last_pass
    assert last is not None
    assert (last.failures, [text[:24] for text in last.warnings]) == ((), ["nowhere is not installed"])


@pytest.mark.parametrize(
    ("release", "work", "kept"),
    [
        ("expire", ["generate b:latest 300s num_ctx 4096"], True),
        ("unload", ["unload b:latest"], False),
        ("keep", [], True),
    ],
)
def test_a_pin_that_is_taken_off_the_list_is_given_back_and_forgotten(agent: Agent, release: str, work: list[str], kept: bool) -> None:
    agent.run("a", "b")
    assert names(agent.state.pinned) == ["a:latest", "b:latest"]
    agent.run("a", release=release)
    assert agent.server.work() == work
    assert (agent.server.at("b") is not None) is kept
    assert names(agent.state.pinned) == ["a:latest"]
    agent.run("a", release=release)
    assert agent.server.work() == []


def test_a_model_that_we_never_pinned_is_not_ours_to_give_back(agent: Agent) -> None:
    agent.server.hold("b")
    agent.run("a")
    assert "b" not in " ".join(agent.server.work())


def test_what_was_unloaded_meanwhile_is_no_debt(agent: Agent) -> None:
    agent.run("a", "b")
    agent.server.loaded.clear()
    agent.run("a")
    assert names(agent.state.pinned) == ["a:latest"]


def test_a_warm_model_is_loaded_once_for_each_start_of_the_server(agent: Agent) -> None:
    agent.run("a", WARM_C)
    assert "generate c:latest 1800s" in agent.server.work()
    agent.server.loaded.pop(agent.server.models[2].blob)
    assert (agent.run("a", WARM_C), agent.server.work()) == (exits.WARM, [])
    agent.start = "200-2"
    agent.run("a", WARM_C)
    assert "generate c:latest 1800s" in agent.server.work()


def test_a_server_that_does_not_answer_is_unreachable(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.server.gone = True
    assert (agent.run("a"), agent.is_marked_warm) == (exits.UNREACHABLE, False)
    assert "no Ollama server answers" in capsys.readouterr().err


def test_a_server_that_answers_late_is_waited_for(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def come(unit: str) -> dict[str, str]:
        asked.append(unit)
        agent.server.gone = len(asked) < 3
        return agent.unit

    monkeypatch.setattr("ollama_warmup.passes.startup_wait.unit_state", come)
    monkeypatch.setattr("ollama_warmup.passes.startup_wait._AGAIN", 0)
    monkeypatch.setattr("ollama_warmup.passes.one_pass.make_observer", patient(agent))
    agent.server.gone = True
    assert agent.run("a") == exits.WARM
    assert asked == ["ollama.service"] * 3


def test_a_server_that_answered_before_is_not_waited_for_as_if_it_were_new(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    patience: list[float] = []
    make = one_pass.make_observer

    def observer(configuration: Any, state: State, ready_timeout: float) -> Any:
        patience.append(ready_timeout)
        return make(configuration, state, ready_timeout)

    monkeypatch.setattr("ollama_warmup.passes.one_pass.make_observer", observer)
    agent.run("a")
    agent.server.gone = True
    assert agent.run("a") == exits.UNREACHABLE
    agent.start = "200-1"
    agent.run("a")
    assert patience == [0.01, 0, 0.01]


def patient(agent: Agent) -> Any:
    from ollama_warmup.passes.startup_wait import WaitingObserver

    def make(configuration: Any, state: State, ready_timeout: float) -> WaitingObserver:
        assert ready_timeout == 0.01
        return WaitingObserver(agent.server, configuration.policy, configuration.unit, dict(state.cards), ready_timeout=60)

    return make


@pytest.mark.parametrize(
    ("unit", "status"),
    [
        (STOPPED, exits.STOPPED),
        ({**STOPPED, "ActiveState": "failed", "Result": "exit-code"}, exits.UNREACHABLE),
    ],
)
def test_a_unit_that_is_down_is_not_waited_for(agent: Agent, monkeypatch: pytest.MonkeyPatch, unit: dict[str, str], status: int) -> None:
    agent.unit, agent.server.gone = unit, True
    monkeypatch.setattr("ollama_warmup.passes.one_pass.make_observer", patient(agent))
    assert agent.run("a") == status


def test_a_pass_that_is_interrupted_has_noted_down_what_it_may_have_pinned(agent: Agent) -> None:
    def interrupt() -> None:
        raise Interrupted("SIGTERM")

    agent.server.on_look.append(lambda server: interrupt() if server.looks == 2 else None)
    assert (agent.run("a", "b"), agent.is_marked_warm) == (exits.INTERRUPTED, False)
    assert names(agent.state.pinned) == ["a:latest", "b:latest"]
    assert len(agent.state.cards) == 2


def test_cards_of_models_that_are_gone_are_forgotten(agent: Agent) -> None:
    agent.run("a", "b")
    agent.server.models = [model for model in agent.server.models if model.name != "b"]
    agent.server.loaded.pop(next(iter(set(agent.server.loaded) - {agent.server.models[0].blob})))
    agent.run("a", "b")
    assert list(agent.state.cards) == [agent.server.models[0].digest]


def test_a_model_that_does_not_fit_is_tried_once_for_each_start_of_the_server_and_each_declaration(agent: Agent) -> None:
    agent.server.limit = 1
    assert agent.run("a", "b") == exits.NOT_RESIDENT
    assert names(agent.state.set_aside) == ["b:latest"]
    assert (agent.run("a", "b"), agent.server.work()) == (exits.NOT_RESIDENT, [])
    last = agent.state.last_pass
    assert last is not None
    assert "b was set aside by an earlier pass" in last.failures[0]
    agent.run("a", {"name": "b", "num_ctx": 512})
    assert "generate b:latest -1 num_ctx 512" in agent.server.work()
    agent.run("a", {"name": "b", "num_ctx": 512})
    assert agent.server.work() == []
    agent.server.limit = None
    agent.start = "200-2"
    assert agent.run("a", {"name": "b", "num_ctx": 512}) == exits.WARM
    assert names(agent.state.set_aside) == []
