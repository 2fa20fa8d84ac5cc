# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator declares anew counts once, and from then on a client's doing is a client's."""

from __future__ import annotations

import json
import pathlib

import pytest
from keepwarm._residency.server.client import ServerRefused
from ollama_warmup import exits
from support.agent import Agent

WARM = {"name": "a", "policy": "warm", "keep_alive": "30m"}


def context(tokens: int) -> dict[str, object]:
    return {"name": "a", "num_ctx": tokens}


def work(agent: Agent, *models: object, **policy: object) -> list[str]:
    agent.run(*models, **policy)
    return agent.server.work()


def held(agent: Agent, name: str = "a") -> int:
    found = agent.server.at(name)
    assert found is not None
    return found.context


@pytest.mark.parametrize(("before", "after"), [(context(256), context(128)), ({"name": "a"}, context(256)), (context(256), context(4096))])
def test_a_changed_context_is_put_into_effect_once(agent: Agent, capsys: pytest.CaptureFixture[str], before: object, after: dict[str, int]) -> None:
    agent.run(before)
    capsys.readouterr()
    assert work(agent, after) == [f"generate a:latest -1 num_ctx {after['num_ctx']}"]
    assert held(agent) == after["num_ctx"]
    said = capsys.readouterr().err
    assert "event=reload model=a:latest" in said
    assert "cause=declaration_changed" in said
    assert "client" not in said
    assert agent.state.incidents == ()
    assert work(agent, after) == []


def test_after_that_a_clients_context_is_left_to_the_option_again(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.run(context(256))
    agent.run(context(128))
    agent.server.hold("a", -1, 2048)
    capsys.readouterr()
    assert work(agent, context(128)) == []
    assert "event=drift_detected model=a:latest drift=context_mismatch cause=context_changed_by_client" in capsys.readouterr().err


def test_a_model_that_is_declared_for_the_first_time_gets_its_context(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.server.hold("a", "5m", 2048)
    assert work(agent, context(256)) == ["generate a:latest -1 num_ctx 256"]
    assert "client" not in capsys.readouterr().err


def test_a_restart_that_loads_with_the_former_configuration_is_no_clients_doing(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    """A pass with the former configuration was ended by the play before it could remember anything."""
    agent.run(context(256))
    agent.start = "200-2"
    agent.server.loaded.clear()
    agent.server.hold("a", -1, 256)
    capsys.readouterr()
    assert work(agent, context(128)) == ["generate a:latest -1 num_ctx 128"]
    assert "client" not in capsys.readouterr().err


def test_a_reload_that_fails_is_still_due(agent: Agent) -> None:
    agent.run(context(256))
    agent.server.failing["a"] = ServerRefused("no room", 500, "no room")
    assert agent.run(context(128)) == exits.NOT_RESIDENT
    agent.server.failing.clear()
    assert work(agent, context(128)) == ["generate a:latest -1 num_ctx 128"]
    assert work(agent, context(128)) == []


def test_a_pass_that_was_cut_short_leaves_it_due(agent: Agent) -> None:
    agent.run(context(256))
    agent.server.gone = True
    agent.run(context(128))
    agent.server.gone = False
    assert work(agent, context(128)) == ["generate a:latest -1 num_ctx 128"]


def test_an_operator_who_changes_his_mind_often_is_no_client(agent: Agent) -> None:
    for tokens in (256, 128, 256, 128, 256, 128):
        assert work(agent, context(tokens), context_mismatch="reload") == [f"generate a:latest -1 num_ctx {tokens}"]
    assert agent.state.conflicts == ()


@pytest.mark.parametrize(("keep_alive", "seconds"), [("1h", 3600), ("10m", 600), ("90m", 5400)])
def test_a_changed_keep_alive_takes_effect_once(agent: Agent, keep_alive: str, seconds: int) -> None:
    agent.run(WARM)
    assert work(agent, {**WARM, "keep_alive": keep_alive}) == [f"generate a:latest {seconds}s num_ctx 4096"]
    agent.server.hold("a", "5m")
    assert work(agent, {**WARM, "keep_alive": keep_alive}) == []


def test_a_warm_model_that_left_is_not_loaded_for_it(agent: Agent) -> None:
    agent.run(WARM)
    agent.server.loaded.clear()
    assert work(agent, {**WARM, "keep_alive": "1h"}) == []
    agent.server.hold("a", "5m")
    assert work(agent, {**WARM, "keep_alive": "1h"}) == []


def test_a_state_of_an_earlier_release_reloads_nothing_that_is_declared_as_then(agent: Agent) -> None:
    agent.run(context(256))
    path = pathlib.Path(agent.instance.state_folder, "state.json")
    old = json.loads(path.read_text())
    del old["applied"]
    path.write_text(json.dumps(old))
    agent.server.hold("a", -1, 2048)
    assert work(agent, context(256)) == []
    path.write_text(json.dumps(old))
    assert work(agent, context(128)) == ["generate a:latest -1 num_ctx 128"]
