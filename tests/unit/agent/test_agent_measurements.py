# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent keeps what models take in memory: when there is something new, and at no cost when there is not."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import threading
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from keepwarm._residency.predict.capacity import Bounds, Eviction
from keepwarm._residency.predict.measurement import RunnerSettings
from keepwarm._residency.predict.predict import Knowledge
from keepwarm._residency.server.measurement_record import Record, read_record, record_path
from keepwarm._residency.values.model_name import ModelName
from keepwarm._residency.values.observation import Observation, Runners
from keepwarm._residency.values.policy import Policy
from ollama_warmup import exits
from ollama_warmup.cli import looking
from ollama_warmup.cli.commands import check
from ollama_warmup.cli.looking import Look
from ollama_warmup.instance import Instance
from ollama_warmup.passes.one_pass import make_pass
from support.agent import URL, Agent
from support.values import digest


def kept(agent: Agent) -> dict[tuple[str, int | None], int]:
    """Sizes by name and context."""
    return {(found.name, found.context_length): found.size for found in read_record(agent.instance.measurements).measurements}


def file_of(agent: Agent) -> tuple[int, int]:
    """Another file at each writing."""
    seen = os.stat(agent.instance.measurements)
    return seen.st_ino, seen.st_mtime_ns


@pytest.fixture
def seeing(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent that sees what the runners were started with, and which process each is."""
    processes: list[object] = []  # kept, so that no later one is at the same place

    def runners(_unit: str, **_where: str) -> Runners:
        found = agent.server.runners()
        arguments = {blob: ("llama-server", "--model", f"/m/sha256-{blob}", "-np", "2", "--flash-attn", "auto") for blob in found.blobs}
        processes.extend(agent.server.loaded.values())
        starts = {blob: str(id(agent.server.loaded[blob])) for blob in found.blobs}
        return replace(found, arguments=arguments, starts=starts)

    monkeypatch.setattr("keepwarm._residency.server.observer.living_runners", runners)
    monkeypatch.setattr("ollama_warmup.passes.measuring.gpu_names", lambda **_others: ("GPU-1",))
    return agent


@pytest.mark.parametrize("name", ["default", "two"])
def test_the_agent_writes_where_the_modules_read(name: str) -> None:
    assert Instance(name, "/elsewhere").measurements == record_path(name, root="/elsewhere")


def test_a_pass_that_loads_keeps_what_it_sees(seeing: Agent) -> None:
    seeing.server.hold("c", "40m", num_ctx=512)  # nobody declared it
    assert seeing.run("a", {"name": "b", "num_ctx": 2048}) == exits.WARM
    record = read_record(seeing.instance.measurements)
    assert sorted((found.name, found.digest, found.context_length, found.size, found.size_vram) for found in record.measurements) == [
        ("a:latest", digest("a"), 4096, 1000, 1000),
        ("b:latest", digest("b"), 2048, 1000, 1000),
        ("c:latest", digest("c"), 512, 1000, 1000),
    ]
    known = {found.name: found.settings for found in record.measurements}
    assert known["a:latest"] == RunnerSettings(2, "f16", "auto")
    assert record.bounds == Bounds(3000, None, ("GPU-1",))


def test_a_healthy_pass_leaves_the_file_alone(seeing: Agent) -> None:
    seeing.run("a", "b")
    seeing.run("a", "b")
    before = file_of(seeing)
    assert seeing.run("a", "b") == exits.WARM
    assert file_of(seeing) == before


def test_a_model_that_left_is_nothing_new(seeing: Agent) -> None:
    seeing.run("a", "b")
    before = file_of(seeing)
    seeing.server.unload(ModelName.parse("b"))
    assert seeing.run("a") == exits.WARM
    assert file_of(seeing) == before


def test_another_context_is_another_measurement_beside_the_first(seeing: Agent) -> None:
    seeing.run("a")
    seeing.run({"name": "a", "num_ctx": 2048}, context_mismatch="reload")
    assert kept(seeing) == {("a:latest", 4096): 1000, ("a:latest", 2048): 1000}


@pytest.mark.parametrize("spoil", [os.unlink, lambda path: pathlib.Path(path).write_text("garbage")])
def test_a_file_that_is_lost_is_written_again(seeing: Agent, spoil: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seeing.run("a")
    spoil(seeing.instance.measurements)
    was_there = os.path.exists(seeing.instance.measurements)
    seeing.server.loaded.clear()
    assert seeing.run("a") == exits.WARM
    assert kept(seeing) == {("a:latest", 4096): 1000}
    assert ("event=measurements_unreadable" in capsys.readouterr().err) is was_there


def test_a_load_that_drove_a_pin_out_limits_how_much_there_can_be(seeing: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ollama_warmup.passes.measuring.evictions", lambda _policy, _result: [Eviction(1000, 800)])
    seeing.run("a")
    assert read_record(seeing.instance.measurements).bounds == Bounds(1000, 2000, ("GPU-1",))


def test_what_died_is_no_evidence_of_how_much_goes_in(seeing: Agent) -> None:
    seeing.server.hold("c", "40m")
    seeing.server.kill("c")
    assert seeing.run("a") == exits.WARM
    assert read_record(seeing.instance.measurements).bounds == Bounds(1000, None, ("GPU-1",))


def test_other_gpus_make_it_forget_how_much_went_in(seeing: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    seeing.run("a", "b")
    monkeypatch.setattr("ollama_warmup.passes.measuring.gpu_names", lambda **_others: ("GPU-2",))
    seeing.start = "200-2"
    seeing.server.loaded.clear()
    seeing.run("a")
    assert read_record(seeing.instance.measurements).bounds == Bounds(1000, None, ("GPU-2",))
    assert len(kept(seeing)) == 2


@pytest.mark.parametrize(("url", "gpus"), [(URL, ("GPU-2 of ollama.service",)), ("http://gpu7:11434", ("None of ollama.service",))], ids=["here", "elsewhere"])
def test_how_much_goes_in_is_of_the_gpus_that_the_servers_unit_shows_it(
    seeing: Agent, monkeypatch: pytest.MonkeyPatch, url: str, gpus: tuple[str, ...]
) -> None:
    def names(environment: dict[str, str]) -> tuple[str, ...]:
        return (f"{environment.get('CUDA_VISIBLE_DEVICES')} of ollama.service",)

    monkeypatch.setattr("ollama_warmup.passes.measuring.unit_environment", lambda unit: {"CUDA_VISIBLE_DEVICES": "GPU-2"} if unit == "ollama.service" else {})
    monkeypatch.setattr("ollama_warmup.passes.measuring.gpu_names", names)
    make_pass(seeing.instance, replace(seeing.configuration("a"), url=url))
    assert read_record(seeing.instance.measurements).bounds == Bounds(1000, None, gpus)


def test_a_full_disk_is_said_and_costs_no_model_its_place(seeing: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(_descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert seeing.run("a") == exits.WARM
    assert "event=measurements_not_saved path=" in capsys.readouterr().err
    assert not [name for name in os.listdir(seeing.instance.state_folder) if name.startswith("measurements")]


@pytest.mark.parametrize("value", [["x"], {"x": ["y"]}, None, 10**400], ids=["a list", "an object", "nothing", "a large number"])
@pytest.mark.parametrize("key", ["digest", "context_length", "size", "size_vram"])
@pytest.mark.parametrize("departed", [False, True])
def test_a_state_that_was_tampered_with_costs_no_pass_its_end(seeing: Agent, key: str, value: Any, departed: bool) -> None:
    seeing.run("a")
    path = pathlib.Path(seeing.instance.state_folder, "state.json")
    state = json.loads(path.read_text())
    right = state["seen"]["a:latest"]["listed"][key]
    state["seen"]["a:latest"]["listed"][key] = value
    path.write_text(json.dumps(state))
    if departed:
        seeing.server.loaded.clear()
    assert seeing.run("a") == exits.WARM
    assert (seeing.state.seen["a:latest"].listed or {})[key] == right


def test_a_pass_that_came_to_nothing_measures_nothing(seeing: Agent) -> None:
    seeing.server.gone = True
    assert seeing.run("a") == exits.UNREACHABLE
    assert not os.path.exists(seeing.instance.measurements)


def test_check_tells_what_the_next_pass_will_find_no_room_for(seeing: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    seeing.run("a")
    seeing.configure("a", "b", policy={"max_loaded_models": 2})
    seeing.server.hold("c", "5m")
    assert check(seeing.instance) == exits.NOT_RESIDENT
    assert "warning: b:latest is one model too many under OLLAMA_MAX_LOADED_MODELS=2: loading it will evict c:latest" in capsys.readouterr().out


def test_status_tells_it_too_where_it_can_be_learned_in_time(seeing: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    seeing.run("a")
    seeing.configure("a", "b", policy={"max_loaded_models": 2})
    seeing.server.hold("c", "5m")
    monkeypatch.setattr(looking, "LONGEST", 60.0)
    (warning,) = Look(seeing.instance).seen()["looked"]["warnings"]
    assert "loading it will evict c:latest" in warning
    slow = threading.Event()
    monkeypatch.setattr("ollama_warmup.passes.inspection._predicted", lambda *_words: slow.wait(60))
    monkeypatch.setattr(looking, "LONGEST", 1.0)
    looked = Look(seeing.instance).seen()["looked"]
    slow.set()
    assert (looked["exit"], looked["warnings"]) == (exits.NOT_RESIDENT, ())


def test_check_predicts_for_the_release_that_answers(seeing: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    releases = []

    def gathered(_record: Record, _policy: Policy, look: Observation, *_others: Any) -> Knowledge:
        releases.append(look.release)
        return Knowledge()

    monkeypatch.setattr("keepwarm._residency.server.host_prediction.gather", gathered)
    seeing.server.version_text = "0.15.4"
    seeing.configure("a")
    check(seeing.instance)
    assert releases == [(0, 15, 4)]


def test_check_of_a_host_that_is_warm_predicts_nothing(seeing: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seeing.run("a")
    pathlib.Path(seeing.instance.measurements).write_text("garbage")
    seeing.configure("a")
    assert check(seeing.instance) == exits.WARM
    assert "warning" not in capsys.readouterr().out
    seeing.configure("a", "b")
    assert check(seeing.instance) == exits.NOT_RESIDENT
    assert "measurements.json holds no measurements of the agent" in capsys.readouterr().out
