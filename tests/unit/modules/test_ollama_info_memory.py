# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements and VRAM, gathered by a play."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils import _memory_report
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Bounds, Vram
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import Measurement, RunnerSettings
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.measurement_record import Record, record_data, record_path
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_info
from support.ansible_module import Entrance
from support.values import digest

GPUS = ("GPU-1",)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> Entrance:
    monkeypatch.setattr(_memory_report, "gpu_names", lambda: GPUS)
    monkeypatch.setattr(_memory_report, "read_vram", lambda _environment, **_others: Vram(8000, 1000))
    monkeypatch.setattr(ollama_info, "record_path", lambda instance: record_path(instance, str(tmp_path)))
    return Entrance(ollama_info.main, monkeypatch, capsys, tmp_path, gather=["memory"])


def remember(folder: pathlib.Path, instance: str, bounds: Bounds) -> None:
    measurement = Measurement(digest("a"), 4096, RunnerSettings(2, "q8_0", None), 900, 800, 1_795_000_000.25, "a:latest")
    (folder / instance).mkdir()
    (folder / instance / "measurements.json").write_text(json.dumps(record_data(Record((measurement,), bounds))))


def test_what_an_instance_measured_is_told_for_it_alone(module: Entrance, tmp_path: pathlib.Path) -> None:
    remember(tmp_path, "two", Bounds(800, 900, GPUS))
    for check in (False, True):
        result = module.succeed(instance="two", check=check)
        assert result["measurements"] == [
            {
                "name": "a:latest",
                "digest": digest("a"),
                "context_length": 4096,
                "num_parallel": 2,
                "kv_cache_type": "q8_0",
                "flash_attention": None,
                "size": 900,
                "size_vram": 800,
                "measured_at": "2026-11-18T11:06:40Z",
            }
        ]
        assert result["capacity"] == {"total": 8000, "used": 1000, "at_least": 800, "at_most": 900, "gpus": ["GPU-1"]}
        assert (result["changed"], result["warnings"]) == (False, [])
    assert module.succeed()["measurements"] == []


def test_memory_alone_asks_no_server(module: Entrance) -> None:
    result = module.succeed(url="http://127.0.0.1:1")
    assert {"url", "version", "installed", "resident"}.isdisjoint(result)
    assert "no Ollama server answers" in module.fail(url="http://127.0.0.1:1", gather=["server", "memory"])


def test_what_was_learned_of_other_gpus_is_not_told(module: Entrance, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_memory_report, "read_vram", lambda _environment, **_others: None)
    remember(tmp_path, "default", Bounds(800, 900, ("GPU-2",)))
    result = module.succeed()
    assert len(result["measurements"]) == 1
    assert result["capacity"] == {"total": None, "used": None, "at_least": 0, "at_most": None, "gpus": ["GPU-1"]}


@pytest.mark.parametrize("gpu", ["GPU-1", "0 of GPU-1, GPU-3"])
def test_of_a_server_that_sees_some_gpus_only_they_are_told(
    module: Entrance, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, gpu: str
) -> None:
    monkeypatch.setattr(_memory_report, "gpu_names", lambda: ("GPU-1", "GPU-3"))
    remember(tmp_path, "default", Bounds(800, 900, (gpu,)))
    capacity = module.succeed()["capacity"]
    assert (capacity["at_least"], capacity["at_most"], capacity["gpus"]) == (800, 900, [gpu])


@pytest.mark.parametrize("spoil", [lambda _text: "garbage", lambda text: text.replace("1795000000.25", "1e400")], ids=["garbage", "a moment without end"])
def test_garbage_is_no_measurement_and_a_warning(module: Entrance, tmp_path: pathlib.Path, spoil: Callable[[str], str]) -> None:
    remember(tmp_path, "default", Bounds(800, 900, GPUS))
    file = tmp_path / "default/measurements.json"
    file.write_text(spoil(file.read_text()))
    result = module.succeed()
    assert result["measurements"] == []
    assert "holds no measurements of the agent" in result["warnings"][0]
