# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: what is written is read back, and nothing in it stops a pass."""

from __future__ import annotations

import errno
import json
import os
import pathlib
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keepwarm._base.readers import InvalidValue
from keepwarm._residency.decide.conflicts import Conflict
from keepwarm._residency.decide.reloads import Load
from keepwarm._residency.decide.retries import Retry
from keepwarm._residency.decide.set_aside import Aside
from keepwarm._residency.values.model_name import ModelName
from keepwarm._residency.values.observation import ModelCard
from keepwarm._residency.values.sightings import Sighting
from ollama_warmup import exits
from ollama_warmup.state.counts import Counts
from ollama_warmup.state.incidents import Incident
from ollama_warmup.state.snapshot import ModelSnapshot
from ollama_warmup.state.state import LastPass, State, parse_state, state_data
from ollama_warmup.state.state_file import StateFile
from support.agent import Agent

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FULL = State(
    server="131-77",
    boot="6f0c1d2e-0000-4000-8000-000000000001",
    sightings={"7-8": Sighting("waiting", 5, 1000.5)},
    cards={"d" * 64: ModelCard("b" * 64, frozenset({"completion", "tools"}), 512), "e" * 64: ModelCard(None)},
    pinned=frozenset(map(ModelName.parse, ["qwen3:8b", "hf.co/who/what:Q4"])),
    warmed=frozenset({ModelName.parse("llama3")}),
    set_aside={ModelName.parse("big"): Aside(("qwen3:8b",), {"qwen3:8b": 5_000_000_000, "stray:latest": 7}, 2, 3, 1_700_000_000.5)},
    declared=("qwen3:8b", "big:latest 512"),
    seen={"qwen3:8b": ModelSnapshot(2.5, "131-77", {"expires_at": "2318-12-02T09:47:16Z"}, ("expiring",), "7-8", "d" * 64), "big:latest": ModelSnapshot(2.5)},
    incidents=(
        Incident("qwen3:8b", "evicted", "inferred", 2.25, 2.5, ("not_loaded",), ("stray:latest",)),
        Incident("big:latest", "unknown", "inferred", 3, None, ("not_loaded", "stuck")),
    ),
    counts=Counts({"qwen3:8b": {"evicted": 3}}, {"qwen3:8b": 4}, {"qwen3:8b": 1}, {"qwen3:8b": 2.75}),
    retries={"big:latest": Retry(2, 99.5, "load of big failed: no room", "d" * 64, took_server=True)},
    loads=(Load(2.5, "qwen3:8b", "revive", "runner_died"), Load(2.5, "big:latest", "load")),
    conflicts=(Conflict("big:latest", "eviction", ("qwen3:8b",), 2.5),),
    last_pass=LastPass(at=1.5, seconds=0.25, exit=1, server="131-77", models=({"model": "qwen3:8b"},), undeclared=({"name": "x"},), failures=("no",)),
)


@pytest.mark.parametrize("state", [State(), FULL])
def test_what_is_written_is_read_back(state: State) -> None:
    assert parse_state(json.loads(json.dumps(state_data(state)))) == state


@given(ANY_JSON)
def test_anything_else_is_refused_in_one_way(raw: Any) -> None:
    with pytest.raises(InvalidValue):
        parse_state(raw)


@given(st.sampled_from(sorted(set(state_data(FULL)) - {"schema"})), ANY_JSON)
def test_a_wrong_part_is_taken_as_written_or_refused(key: str, value: Any) -> None:
    raw = {**state_data(FULL), key: value}
    try:
        assert parse_state(raw) is not None
    except InvalidValue as error:
        assert str(error)


def test_a_state_of_another_schema_is_refused() -> None:
    with pytest.raises(InvalidValue, match="it is not of schema 4"):
        parse_state({**state_data(FULL), "schema": 5})


def of_schema_3() -> dict[str, Any]:
    """FULL, in which incidents were called departures."""
    old: dict[str, Any] = json.loads(json.dumps({**state_data(FULL), "schema": 3}))
    old["departures"] = old.pop("incidents")
    old["counts"]["departures"] = old["counts"].pop("incidents")
    return old


def test_a_state_of_schema_3_keeps_what_it_knew() -> None:
    assert parse_state(of_schema_3()) == FULL
    for part in ("departures", "counts"):
        old = of_schema_3()
        del old[part]
        with pytest.raises(InvalidValue):
            parse_state(old)


def test_a_state_of_schema_2_keeps_what_it_knew() -> None:
    old = {**of_schema_3(), "schema": 2}
    old["fights"] = old.pop("conflicts")
    del old["boot"]
    assert parse_state(old) == replace(FULL, boot=None)
    del old["fights"]
    with pytest.raises(InvalidValue, match="conflicts"):
        parse_state(old)


def test_a_state_of_schema_1_keeps_what_it_knew() -> None:
    history = ("seen", "sightings", "boot", "incidents", "counts", "retries", "loads", "conflicts")
    old = {key: value for key, value in json.loads(json.dumps(state_data(FULL))).items() if key not in history}
    old["set_aside"] = ["big:latest"]
    found = parse_state({**old, "schema": 1})
    assert (found.pinned, found.cards, found.last_pass) == (FULL.pinned, FULL.cards, FULL.last_pass)
    assert (found.seen, found.incidents, found.counts, found.retries, found.loads) == ({}, (), Counts(), {}, ())


@pytest.mark.parametrize("garbage", [b"garbage", b"\xff\xfe", b"[" * 100_000, b"{}", b""])
def test_garbage_is_told_moved_aside_and_replaced(agent: Agent, capsys: pytest.CaptureFixture[str], garbage: bytes) -> None:
    path = pathlib.Path(agent.instance.state_folder, "state.json")
    path.write_bytes(garbage)
    assert agent.run("a") == exits.WARM
    told = [line for line in capsys.readouterr().err.splitlines() if "state_unreadable" in line]
    assert len(told) == 1
    assert path.with_name("state.json.unreadable").read_bytes() == garbage
    assert agent.state.last_pass is not None


def test_a_full_disk_is_told_and_the_models_are_kept_warm(agent: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    agent.run("a")
    before = pathlib.Path(agent.instance.state_folder, "state.json").read_bytes()

    def full(_descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    agent.server.loaded.clear()
    assert (agent.run("a"), agent.server.work()) == (exits.WARM, ["generate a:latest -1"])
    assert "event=state_not_saved path=" in capsys.readouterr().err
    assert sorted(os.listdir(agent.instance.state_folder)) == ["measurements.json", "state.json"]
    assert pathlib.Path(agent.instance.state_folder, "state.json").read_bytes() == before


def test_the_file_is_replaced_as_a_whole(tmp_path: pathlib.Path) -> None:
    file = StateFile(str(tmp_path))
    file.save(FULL)
    first = os.stat(file.path).st_ino
    file.save(State())
    assert os.stat(file.path).st_ino != first
    assert (file.load(), os.listdir(tmp_path)) == (State(), ["state.json"])
