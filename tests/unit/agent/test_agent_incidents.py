# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every incident is noticed once, with its cause, told once, and told to be over with its length."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from keepwarm._residency.decide.set_aside import Aside
from keepwarm._residency.server.client import ServerRefused
from keepwarm._residency.values.model_name import ModelName
from keepwarm._residency.values.observation import Runners
from ollama_warmup import exits
from ollama_warmup.cli.recent_history import history_data
from ollama_warmup.cli.status import describe, status_data
from ollama_warmup.state.incidents import MOST, Incident, note
from ollama_warmup.state.state import State
from support.agent import RUNNING, Agent
from support.fake_server import Installed
from support.values import blob

CTX_A = {"name": "a", "num_ctx": 8192}


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The journal's lines, without what takes time."""
    lines = capsys.readouterr().err.splitlines()
    return [re.sub(r" (seconds|load_seconds)=\S+", "", line) for line in lines]


@pytest.fixture
def warm(agent: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Agent:
    """a and b are pinned and were seen to be, each with a runner of a number of its own."""
    def runners(_unit: str, **_where: str) -> Runners:
        living = {entry.model.blob: f"{id(entry)}-1" for entry in agent.server.loaded.values() if entry.alive}
        return Runners(frozenset(living), starts=living)

    monkeypatch.setattr("keepwarm._residency.server.observer.living_runners", runners)
    agent.run(CTX_A, "b")
    capsys.readouterr()
    return agent


def client(name: str, keep_alive: str, num_ctx: int | None = None) -> Callable[[Agent], Any]:
    return lambda agent: agent.server.hold(name, keep_alive, num_ctx)


def unload(agent: Agent) -> None:
    agent.server.loaded.pop(blob("a"))


def evict(agent: Agent) -> None:
    unload(agent)
    agent.server.hold("c", "5m")


def restart(agent: Agent) -> None:
    agent.server.loaded.clear()
    agent.server.hold("b")
    agent.start = "200-2"


@pytest.mark.parametrize(
    ("happens", "story", "action"),
    [
        (client("a", "5m", 8192), "drift=expiring cause=client_changed_expiry evidence=observed", "set_expiry"),
        (unload, "drift=not_loaded cause=unloaded_by_client evidence=inferred", "load"),
        (evict, "drift=not_loaded cause=evicted evidence=inferred by=c:latest", "load"),
        (restart, "drift=not_loaded cause=server_restarted evidence=observed", "load"),
        (lambda agent: agent.server.kill("a"), "drift=dead_runner cause=runner_died evidence=observed", "revive"),
    ],
)
def test_what_a_pass_puts_right_is_told_in_two_lines(
    warm: Agent, capsys: pytest.CaptureFixture[str], happens: Callable[[Agent], Any], story: str, action: str
) -> None:
    happens(warm)
    assert warm.run(CTX_A, "b") == exits.WARM
    drift, cause = story.split()[:2]
    assert told(capsys) == [f"event=drift_detected model=a:latest {story}", f"event=recovered model=a:latest {drift} {cause} action={action}"]
    (incident,) = warm.state.incidents
    assert (incident.cause, incident.is_open) == (cause.partition("=")[2], False)
    assert warm.state.counts.incidents == {"a:latest": {incident.cause: 1}}
    warm.run(CTX_A, "b")
    assert told(capsys) == []


def test_the_last_pass_names_the_cause(warm: Agent) -> None:
    unload(warm)
    warm.run(CTX_A, "b")
    last = warm.state.last_pass
    assert last is not None
    assert [(model["cause"], model["cause_evidence"]) for model in last.models] == [("unloaded_by_client", "inferred"), (None, None)]


def test_what_goes_on_is_told_once_and_keeps_its_cause(warm: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    unload(warm)
    warm.server.failing["a"] = ServerRefused("500: no", 500, "no")
    for dummy in range(3):
        assert warm.run(CTX_A, "b") == exits.NOT_RESIDENT
        last = warm.state.last_pass
        assert last is not None
        assert last.models[0]["cause"] == "unloaded_by_client"
    assert [line.split()[0] for line in told(capsys)] == ["event=drift_detected", "event=not_warm", "event=pass"]
    warm.server.failing.clear()
    warm.server.hold("a", -1, 8192)
    warm.run(CTX_A, "b")
    assert told(capsys)[0] == "event=recovered model=a:latest drift=not_loaded cause=unloaded_by_client action=none"
    assert warm.state.counts.incidents == {"a:latest": {"unloaded_by_client": 1}}


def test_another_context_and_an_expiry_are_two_incidents_with_an_end_each(warm: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    warm.server.hold("a", "5m", 2048)
    warm.run(CTX_A, "b")
    assert told(capsys) == [
        "event=drift_detected model=a:latest drift=context_mismatch cause=context_changed_by_client evidence=observed",
        "event=drift_detected model=a:latest drift=expiring cause=context_changed_by_client evidence=observed",
        "event=recovered model=a:latest drift=expiring cause=context_changed_by_client action=set_expiry",
        'event=warning reason="a has the context 2048 instead of 8192: a client sent its own num_ctx (context_mismatch: reload puts it back)"',
    ]
    assert warm.state.counts.incidents == {"a:latest": {"context_changed_by_client": 1}}
    assert [incident.drift for incident in warm.state.incidents if incident.is_open] == [("context_mismatch",)]


def test_an_incident_is_as_long_as_it_takes_to_put_right(warm: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepwarm._residency.execute.warmer.time.monotonic", warm.server.clock.monotonic)
    monkeypatch.setattr("ollama_warmup.passes.one_pass.time.time", lambda: 5000.0 + warm.server.clock.seconds)
    warm.server.loaded.clear()
    began = 5000.0 + warm.server.clock.seconds
    warm.run(CTX_A, "b")
    assert [(incident.model, incident.at - began, incident.seconds) for incident in warm.state.incidents] == [
        ("a:latest", 0, 2.0),
        ("b:latest", 0, 4.0),
    ]


def test_a_required_model_that_is_gone_is_graver_than_the_rest(warm: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    warm.server.hold("b", -1, 512)
    unload(warm)
    warm.run(CTX_A, {"name": "b", "num_ctx": 4096})
    warm.server.kill("b")
    warm.run(CTX_A, {"name": "b", "num_ctx": 4096, "required": False})
    lines = [line.split()[:2] for line in capsys.readouterr().err.splitlines() if "drift_detected" in line]
    assert lines == [["<4>event=drift_detected", "model=a:latest"], ["<5>event=drift_detected", "model=b:latest"]]


def test_what_was_declared_otherwise_has_not_departed(warm: Agent) -> None:
    warm.run({"name": "a", "num_ctx": 512}, "b")
    warm.run({"name": "a", "num_ctx": 512}, "b")
    assert warm.state.incidents == ()


def test_what_was_never_there_has_not_departed(agent: Agent) -> None:
    agent.run("a", "nowhere")
    agent.run("a", "nowhere")
    assert agent.state.incidents == ()


def test_a_pass_that_fails_keeps_the_record_of_the_last_look(warm: Agent) -> None:
    seen = warm.state.seen
    warm.server.gone = True
    assert warm.run(CTX_A, "b") == exits.UNREACHABLE
    assert warm.state.seen == seen
    warm.server.gone = False
    unload(warm)
    warm.run(CTX_A, "b")
    assert warm.state.incidents[-1].cause == "unloaded_by_client"


def test_a_model_that_is_no_longer_declared_is_waited_for_no_longer(warm: Agent) -> None:
    unload(warm)
    warm.server.failing["a"] = ServerRefused("500: no", 500, "no")
    warm.run(CTX_A, "b")
    warm.run("b")
    assert warm.state.incidents == ()


def test_a_lost_gpu_is_reported_with_a_drift_of_its_own(warm: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    listing = warm.server.resident
    monkeypatch.setattr(warm.server, "resident", lambda: (tuple(replace(entry, size_vram=0) for entry in listing()[0]), warm.server.now))
    assert warm.run(CTX_A, "b") == exits.WARM
    last = warm.state.last_pass
    assert last is not None
    assert [(model["drift"], model["cause"]) for model in last.models] == [(["spilled"], "gpu_lost")] * 2
    assert told(capsys)[0] == "event=drift_detected model=a:latest drift=spilled cause=gpu_lost evidence=inferred"
    assert "a runs entirely on the CPU" in last.warnings[0]
    warm.run(CTX_A, "b")
    assert told(capsys) == []


def test_status_tells_the_last_incidents(warm: Agent) -> None:
    evict(warm)
    warm.run(CTX_A, "b")
    unload(warm)
    warm.server.failing["a"] = ServerRefused("500: no", 500, "no")
    warm.run(CTX_A, "b")
    warm.run(CTX_A, "b")
    seen = status_data("default", warm.configuration(CTX_A, "b"), RUNNING, warm.state, None, warm.state.last_pass)
    assert json.loads(json.dumps(seen))["history"]["incidents"][0]["cause"] == "unloaded_by_client"
    lines = describe(seen, warm.state.incidents[-1].at + 3).splitlines()[-3:]
    assert re.fullmatch(r"retry: a:latest failed 2 times, is tried again in \d seconds?", lines[0])
    assert lines[1] == "departed: a:latest 3 seconds ago: unloaded_by_client (inferred), not back yet"
    assert re.fullmatch(r"departed: a:latest \d seconds? ago: evicted by c:latest \(inferred\), back after 0\.\d s", lines[2])


@pytest.mark.parametrize("unloaded", [True, False], ids=["unloaded", "still listed"])
def test_a_model_that_was_deleted_is_not_back(warm: Agent, capsys: pytest.CaptureFixture[str], unloaded: bool) -> None:
    warm.server.hold("a", "-1m", 2048)
    warm.run(CTX_A, "b")
    assert "event=drift_detected model=a:latest drift=context_mismatch" in capsys.readouterr().err
    warm.server.models = [model for model in warm.server.models if model.name != "a"]
    if unloaded:
        unload(warm)
    warm.run(CTX_A, "b")
    said = capsys.readouterr().err
    assert "event=recovered" not in said
    assert "event=drift_detected model=a:latest drift=not_installed" in said
    warm.server.models.append(Installed("a"))
    warm.server.hold("a", -1, 8192)
    warm.run(CTX_A, "b")
    assert capsys.readouterr().err.count("event=recovered model=a:latest") == 2


def test_a_warm_model_that_left_by_its_expiry_is_not_back(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    declared = {"name": "a", "policy": "warm", "keep_alive": "30m", "num_ctx": 8192}
    agent.run(declared)
    agent.server.hold("a", "30m", 2048)
    agent.run(declared)
    unload(agent)
    capsys.readouterr()
    agent.run(declared)
    assert "event=recovered" not in capsys.readouterr().err


def test_what_holds_for_the_servers_start_is_told_with_it() -> None:
    """The doctor goes by it."""
    state = State(server="7@1", warmed=frozenset({ModelName.parse("w")}), set_aside={ModelName.parse("a"): Aside(("b",))})
    told = history_data(state)
    assert (told["server"], told["warmed"]) == ("7@1", ["w:latest"])
    assert told["set_aside"]["a:latest"]["rivals"] == ("b",)


def test_the_newest_are_remembered_and_the_open_ones_always() -> None:
    old = [Incident("x", "evicted", "inferred", 0.0, None, ("not_loaded",)), *(Incident("y", "evicted", "inferred", n, n + 1) for n in range(MOST + 9))]
    kept = note(old, (), {}, frozenset(), 0, 0)
    assert ([incident.model for incident in kept], kept[-1].at) == (["y"] * MOST, MOST + 8)
    assert history_data(State(incidents=kept))["incidents"][0]["at"] == MOST + 8
