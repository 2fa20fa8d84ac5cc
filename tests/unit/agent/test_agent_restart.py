# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the agent asks for a restart of the server, and when it takes that back."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from typing import Any

import pytest
from keepwarm._residency.server.client import ServerSilent, ServerUnreachable
from ollama_warmup import exits
from ollama_warmup.cli.condition import condition
from ollama_warmup.configuration import parse
from ollama_warmup.notify.pending import Pending
from ollama_warmup.passes import one_pass
from ollama_warmup.passes.restart import is_due, since_when, trouble_of
from ollama_warmup.problems import ConfigurationError
from ollama_warmup.state.state import LastPass, parse_state, state_data
from support.agent import STOPPED, URL, Agent

ON_CPU = {"size_vram": 0}
ON_GPU = {"size_vram": 1}


def entry(*drift: str, after: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": "a", "drift": list(drift), "after": after}


@pytest.mark.parametrize(
    ("models", "trouble"),
    [
        ([entry()], None),
        ([entry("not_loaded")], None),
        ([entry("spilled", after=ON_GPU)], None),
        ([entry("spilled", after=ON_CPU)], "a runs entirely on the CPU: the server has lost its GPU, or never found it"),
        ([entry("spilled")], None),
        ([entry(after=ON_CPU)], None),  # a host without a GPU
        ([entry(), entry("stuck", "context_mismatch", after=ON_GPU)], "a is stuck past its expiry"),
    ],
)
def test_only_what_a_restart_may_cure_is_trouble(models: list[dict[str, Any]], trouble: str | None) -> None:
    assert trouble_of(models) == trouble


def passed(at: float, trouble: str | None = "hung", server: str | None = "100-1") -> LastPass:
    return LastPass(at=at, seconds=1, exit=3, server=server, trouble=trouble)


def test_trouble_stands_since_the_first_pass_that_saw_it() -> None:
    first = since_when(None, passed(1000))
    second = since_when(first, passed(1240))
    assert (first.trouble_since, second.trouble_since) == (1000, 1000)
    assert since_when(second, passed(1480, trouble=None)).trouble_since is None
    assert since_when(second, passed(1480, server="200-2")).trouble_since == 1480


@pytest.mark.parametrize(("after", "due"), [(1, True), (240, True), (241, False)])
def test_a_restart_is_due_when_it_has_stood_for_that_long(after: float, due: bool) -> None:
    first = since_when(None, passed(1000))
    assert is_due(first, since_when(first, passed(1240)), after) is due


def test_one_pass_alone_is_no_reason_however_long_ago_the_one_before() -> None:
    well = passed(1000, trouble=None)
    assert not is_due(well, since_when(well, passed(9000)), 1)
    assert not is_due(None, since_when(None, passed(9000)), 1)


def test_a_clock_that_was_put_back_begins_anew() -> None:
    first = since_when(None, passed(9000))
    second = since_when(first, passed(1000))
    assert not is_due(first, second, 1)
    assert is_due(second, since_when(second, passed(1240)), 1)


def test_a_server_of_another_machine_is_not_ours_to_restart() -> None:
    first = since_when(None, passed(1000, server=None))
    assert not is_due(first, since_when(first, passed(1240, server=None)), 1)


def test_trouble_is_remembered_and_an_older_state_has_none(agent: Agent) -> None:
    agent.run("a")
    state = replace(agent.state, last_pass=since_when(None, passed(1000)))
    raw = json.loads(json.dumps(state_data(state)))
    assert parse_state(raw).last_pass == state.last_pass
    del raw["last_pass"]["trouble"], raw["last_pass"]["trouble_since"]
    read = parse_state(raw).last_pass
    assert read is not None
    assert (read.trouble, read.trouble_since) == (None, None)


class Hung:
    """Passes over a server that fails so, a minute apart."""

    def __init__(self, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
        self.agent = agent
        self.failure: Exception | None = ServerSilent("no answer within 20 s")
        self.now = 1_800_000_000.0
        monkeypatch.setattr("ollama_warmup.passes.one_pass.time.time", lambda: self.now)
        look = one_pass.WaitingObserver.look

        def fail(observer: one_pass.WaitingObserver) -> Any:
            if self.failure:
                raise self.failure
            return look(observer)

        monkeypatch.setattr(one_pass.WaitingObserver, "look", fail)

    def run(self, **settings: Any) -> bool:
        """Whether a restart is asked for after one more pass."""
        self.now += 60
        raw = {"url": URL, "policy": {"models": ["a"]}, "restart_server": "when_stuck", "restart_server_after": 60, **settings}
        one_pass.make_pass(self.agent.instance, parse(raw))
        return os.path.lexists(self.agent.instance.restart)


@pytest.fixture
def hung(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Hung:
    return Hung(agent, monkeypatch)


def test_a_server_that_stays_hung_is_to_be_restarted_and_that_is_told_once(hung: Hung, capsys: pytest.CaptureFixture[str]) -> None:
    assert [hung.run(), hung.run(), hung.run()] == [False, True, True]
    said = [line for line in capsys.readouterr().err.splitlines() if "restart" in line]
    assert said == ['event=restart_requested reason="no answer within 20 s"']


def test_whoever_is_notified_learns_of_it(hung: Hung) -> None:
    assert [hung.run(notify=True), hung.run(notify=True)] == [False, True]
    told = [event.name for entry in Pending(hung.agent.instance.notifications).read() for event in entry.events]
    assert told.count("restart_requested") == 1


def test_nobody_who_did_not_ask_for_it_has_a_server_restarted(hung: Hung) -> None:
    assert [hung.run(restart_server="never") for dummy in range(3)] == [False] * 3


def test_it_waits_for_as_long_as_it_was_told(hung: Hung) -> None:
    assert [hung.run(restart_server_after=120) for dummy in range(3)] == [False, False, True]


def test_a_server_that_answers_again_is_not_restarted(hung: Hung) -> None:
    hung.run()
    assert hung.run()
    hung.failure = None
    assert not hung.run()


def test_an_address_where_nothing_listens_is_no_reason(hung: Hung) -> None:
    hung.failure = ServerUnreachable("connection refused")
    assert [hung.run(), hung.run(), hung.run()] == [False] * 3


def test_a_new_start_of_the_server_has_its_own_time(hung: Hung) -> None:
    hung.run()
    hung.agent.start = "200-2"
    assert [hung.run(), hung.run()] == [False, True]


def test_a_pass_that_is_skipped_takes_the_request_back(hung: Hung, monkeypatch: pytest.MonkeyPatch) -> None:
    hung.run()
    assert hung.run()
    monkeypatch.setattr("ollama_warmup.cli.condition.unit_state", lambda _unit: STOPPED)
    assert condition(hung.agent.instance) == exits.STOPPED
    assert not os.path.lexists(hung.agent.instance.restart)


def test_a_request_that_cannot_be_made_is_said(hung: Hung, capsys: pytest.CaptureFixture[str]) -> None:
    hung.run()
    shutil.rmtree(os.path.dirname(hung.agent.instance.restart))
    hung.run()
    assert "event=restart_not_requested path=" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"restart_server": "always"}, "restart_server 'always' is neither of never and when_stuck"),
        ({"restart_server_after": 0}, "restart_server_after 0 is not a number of seconds"),
    ],
)
def test_a_wrong_setting_is_a_sentence(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        parse({"url": URL, "policy": {"models": ["a"]}, **settings})
