# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What models were measured to take: gathered from a look, bounded, written and read back."""

from __future__ import annotations

import json
import os
import pathlib
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Bounds
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import MOST, Measurement, RunnerSettings, keep, measure
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.measurement_record import Record, read_record, record_data, record_path
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Runners
from hypothesis import given
from hypothesis import strategies as st
from support.values import blob, digest, look, resident, runners

PLAIN = RunnerSettings(1, "f16", "auto")


def test_everything_in_memory_is_measured_by_what_its_runner_was_started_with() -> None:
    arguments = {blob("a"): ("llama-server", "-np", "2", "--cache-type-k", "q8_0", "--flash-attn", "on"), blob("stray"): ("llama-server", "-np", "1")}
    living = Runners(frozenset({blob("a"), blob("stray")}), arguments=arguments)
    listed = [resident("a", size=1000, vram=900), resident("stray", timedelta(minutes=5), context=512)]
    assert measure(look(["a", "stray"], listed, living), 7.5) == (
        Measurement(digest("a"), 4096, RunnerSettings(2, "q8_0", "on"), 1000, 900, 7.5, "a:latest"),
        Measurement(digest("stray"), 512, RunnerSettings(1, "f16", None), 1000, 1000, 7.5, "stray:latest"),
    )


def test_of_what_nobody_can_see_the_settings_are_unknown() -> None:
    (found,) = measure(look(["a"], [resident("a")]), 7.5)
    assert found.settings == RunnerSettings()


def test_neither_a_dead_runner_nor_an_empty_one_is_a_measurement() -> None:
    assert measure(look(["a", "b"], [resident("a"), resident("b", size=0)], runners("b")), 7.5) == ()


MEASUREMENTS = st.lists(
    st.builds(
        Measurement,
        digest=st.sampled_from("abc"),
        context_length=st.none() | st.sampled_from([512, 4096]),
        settings=st.builds(RunnerSettings, st.none() | st.integers(1, 2), st.sampled_from([None, "f16"]), st.sampled_from([None, "on"])),
        size=st.integers(0, 99),
        size_vram=st.integers(0, 99),
        measured_at=st.floats(0, 99),
        name=st.text(max_size=3),
    ),
    max_size=30,
)


@given(MEASUREMENTS, MEASUREMENTS, st.integers(1, 10))
def test_the_last_of_each_is_kept_and_the_oldest_are_dropped(known: list[Measurement], new: list[Measurement], most: int) -> None:
    everything = keep(known, new, most=10_000)
    kept = keep(known, new, most)
    assert {found.key for found in everything} == {found.key for found in (*known, *new)}
    assert all(last in everything for last in {found.key: found for found in (*known, *new)}.values())
    assert [found.measured_at for found in everything] == sorted(found.measured_at for found in everything)
    assert kept == everything[-most:]


def test_no_more_than_two_hundred_are_kept() -> None:
    many = [Measurement(str(number), 4096, PLAIN, 1, 1, number) for number in range(300)]
    kept = keep([], many)
    assert (len(kept), kept[0].digest, kept[-1].digest) == (MOST, "100", "299")


@given(MEASUREMENTS, st.integers(0, 99), st.none() | st.integers(0, 99), st.lists(st.text(max_size=3), max_size=2))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, found: list[Measurement], at_least: int, at_most: int | None, gpus: list[str]
) -> None:
    record = Record(tuple(found), Bounds(at_least, at_most, tuple(gpus)))
    path = tmp_path_factory.mktemp("record") / "measurements.json"
    path.write_text(json.dumps(record_data(record)))
    assert read_record(str(path)) == record


RIGHT = record_data(Record((Measurement("d", 4096, PLAIN, 10, 9, 1.5, "a"),), Bounds(9, None, ("GPU-1",))))


@pytest.mark.parametrize(
    "raw",
    [
        [],
        {},
        {**RIGHT, "schema": 2},
        {**RIGHT, "measurements": {}},
        {**RIGHT, "measurements": [1]},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "size": "10"}]},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "size_vram": True}]},
        {**RIGHT, "measurements": [{"digest": "d"}]},
        {**RIGHT, "capacity": None},
        {**RIGHT, "capacity": {"at_least": -1, "at_most": None, "gpus": []}},
        {**RIGHT, "capacity": {"at_least": 1, "at_most": "2", "gpus": []}},
        {**RIGHT, "capacity": {"at_least": 10**400, "at_most": None, "gpus": []}},
        {**RIGHT, "capacity": {"at_least": 1, "at_most": 2**63, "gpus": []}},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "size": 10**400}]},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "size_vram": -1}]},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "context_length": 10**400}]},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "num_parallel": -1}]},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "measured_at": float("inf")}]},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "measured_at": float("nan")}]},
        {**RIGHT, "measurements": [{**RIGHT["measurements"][0], "measured_at": 2**37}]},
        {**RIGHT, "capacity": {"at_least": 1, "at_most": 2, "gpus": [3]}},
    ],
)
def test_what_the_agent_did_not_write_is_refused_in_one_sentence(tmp_path: pathlib.Path, raw: Any) -> None:
    path = tmp_path / "measurements.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(InvalidValue, match="holds no measurements of the agent: ") as refused:
        read_record(str(path))
    assert "\n" not in str(refused.value)


def test_a_number_that_no_number_is_made_of_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "measurements.json"
    path.write_text(json.dumps(RIGHT).replace("1.5", "1e400"))
    with pytest.raises(InvalidValue, match="measured_at is out of range"):
        read_record(str(path))


def test_what_a_later_version_adds_is_left_out(tmp_path: pathlib.Path) -> None:
    raw = {**RIGHT, "more": 1, "measurements": [{**RIGHT["measurements"][0], "more": 1}]}
    path = tmp_path / "measurements.json"
    path.write_text(json.dumps(raw))
    assert record_data(read_record(str(path))) == RIGHT


def test_no_file_is_an_empty_record_and_a_link_or_a_pipe_is_none(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "measurements.json"
    assert read_record(str(path)) == Record()
    path.symlink_to("/etc/hostname")
    with pytest.raises(InvalidValue, match="cannot be read"):
        read_record(str(path))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InvalidValue):
        read_record(str(path))


def test_each_instance_has_its_own() -> None:
    assert record_path("two") == "/var/lib/ollama-warmup/two/measurements.json"
    assert record_path("two", root="/elsewhere") == "/elsewhere/var/lib/ollama-warmup/two/measurements.json"
