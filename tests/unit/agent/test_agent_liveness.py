# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runners that cannot be seen, and those that one look cannot judge."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from ollama_warmup import exits
from ollama_warmup.passes.inspection import inspect
from ollama_warmup.passes.signals import Interrupted
from ollama_warmup.passes.startup_wait import WaitingObserver
from ollama_warmup.state.state_file import StateFile
from support.agent import Agent
from support.fake_server import FakeServer


def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on another host: nobody sees its processes."""
    monkeypatch.setattr("keepwarm._residency.server.observer.living_runners", lambda _unit, **_where: None)
    monkeypatch.setattr("keepwarm._residency.server.observer.require_processes", lambda _run, _unit, _url: None)


def looked(agent: Agent, *models: Any) -> Any:
    return inspect(agent.configuration(*models), StateFile(agent.instance.state_folder).load())


def test_a_runner_that_cannot_be_seen_is_taken_for_alive_only_where_the_last_pass_has_proved_it(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    unseen(monkeypatch)
    agent.server.hold("a")
    (sentence,) = looked(agent, "a").failures
    assert sentence.startswith("a is listed, but whether its runner lives cannot be seen from here, and no load request of the last pass has proved it")
    assert agent.run("a") == exits.WARM
    found = looked(agent, "a")
    assert (found.exit, found.models[0]["drift"]) == (exits.WARM, ["liveness_unknown"])
    assert agent.state.last_pass is not None
    assert agent.state.last_pass.models[0]["drift"] == ["liveness_unknown"]


@pytest.mark.parametrize("change", ["another server", "another model in its place", "the pass failed", "not in that pass"])
def test_what_the_last_pass_proved_holds_for_what_it_asked(agent: Agent, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    unseen(monkeypatch)
    agent.server.hold("a")
    assert agent.run("a") == exits.WARM
    state = agent.state
    assert state.last_pass is not None
    entry = dict(state.last_pass.models[0])
    spoilt = {
        "another server": {"url": "http://gpu.example:11434"},
        "another model in its place": {"models": ({**entry, "after": {**entry["after"], "digest": "0" * 64}},)},
        "the pass failed": {"models": ({**entry, "resident": False},)},
        "not in that pass": {"models": ()},
    }[change]
    assert inspect(agent.configuration("a"), state).exit == exits.WARM
    assert inspect(agent.configuration("a"), replace(state, last_pass=replace(state.last_pass, **spoilt))).exit == exits.NOT_RESIDENT


def test_a_pass_that_is_cut_short_has_seen_what_it_waited_for(agent: Agent) -> None:
    """A runner that nothing lists, and nothing ends."""
    agent.server.loading_elsewhere.add("a")

    def operator(server: FakeServer) -> None:
        if server.looks > 1:
            raise Interrupted("SIGTERM")

    agent.server.on_look.append(operator)
    assert agent.run("a") == exits.INTERRUPTED
    (sighting,) = agent.state.sightings.values()
    agent.server.on_look.clear()
    assert agent.server.work() == []
    state = replace(agent.state, sightings={name: replace(sighting, since=sighting.since - 900) for name in agent.state.sightings})
    StateFile(agent.instance.state_folder).save(state)
    assert agent.run("a") == exits.WARM
    assert agent.server.work() == ["generate a:latest -1"]


def test_a_runner_in_uninterruptible_sleep_at_two_passes_hangs(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("ollama_warmup.passes.one_pass.WaitingObserver", partial(WaitingObserver, clock=lambda: clock[0]))
    agent.server.hold("a")
    agent.server.stop("a", "D")
    assert agent.run("a") == exits.WARM
    clock[0] += 9
    assert agent.run("a") == exits.WARM
    clock[0] += 1
    found = looked(agent, "a")
    assert (found.exit, found.models[0]["drift"]) == (exits.NOT_RESIDENT, ["hung_runner"])
    assert agent.run("a") == exits.WARM
    assert agent.server.work() == ["unload a:latest", "generate a:latest -1 num_ctx 4096"]
    assert agent.state.incidents[-1].cause == "runner_hung"
    assert agent.state.sightings == {}


def test_a_timer_is_not_followed_over_a_reboot_of_this_host(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is another machine's, which lives on, and so does what it says of an expiry."""
    unseen(monkeypatch)
    clock, boots = [30 * 86_400.0], ["first"]
    monkeypatch.setattr("ollama_warmup.passes.one_pass.WaitingObserver", partial(WaitingObserver, clock=lambda: clock[0]))
    for module in ("one_pass", "inspection"):
        monkeypatch.setattr(f"ollama_warmup.passes.{module}.boot_id", lambda: boots[0])
    warm = {"name": "a", "policy": "warm", "keep_alive": "40m"}
    agent.server.hold("a", "40m").busy = True
    assert agent.run(warm) == exits.WARM
    clock[0], boots[0] = 60.0, "second"
    agent.server.clock.seconds += 51 * 60
    assert looked(agent, warm).models[0]["drift"] == ["liveness_unknown", "stuck"]
    agent.run(warm)
    assert (agent.state.boot, agent.state.last_pass and agent.state.last_pass.models[0]["drift"]) == ("second", ["liveness_unknown", "stuck"])


def test_a_kill_for_memory_is_still_new_after_a_pass_that_was_cut_short(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    kills = [2]
    monkeypatch.setattr(
        "keepwarm._residency.server.observer.living_runners", lambda _unit, **_where: replace(agent.server.runners(), server=agent.start, oom_kills=kills[0])
    )
    agent.server.hold("a")
    assert agent.run("a") == exits.WARM
    agent.server.kill("a")
    kills[0] = 3

    def interrupt(*_load: Any, **_named: Any) -> None:
        raise Interrupted("SIGTERM")

    with monkeypatch.context() as stopped:
        stopped.setattr(agent.server, "load", interrupt)
        stopped.setattr(agent.server, "unload", interrupt)
        assert agent.run("a") == exits.INTERRUPTED
    assert agent.run("a") == exits.WARM
    assert agent.state.incidents[-1].cause == "oom_killed"


def test_a_server_whose_start_could_not_be_told_before_it_answered_is_told_by_what_was_seen_of_it(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one in a container that had just been restarted the pass remembered none, and the watch had nothing to watch until the timer's next pass."""
    agent.start = None
    monkeypatch.setattr(
        "keepwarm._residency.server.observer.living_runners", lambda _unit, **_where: replace(agent.server.runners(), server="2538-188601", container="1f" * 32)
    )
    assert agent.run("a") == exits.WARM
    last = agent.state.last_pass
    assert last is not None
    assert (last.server, agent.state.server, {seen.server for seen in agent.state.seen.values()}) == ("2538-188601", "2538-188601", {"2538-188601"})
