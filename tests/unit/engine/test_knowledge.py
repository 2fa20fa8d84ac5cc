# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known on a host for a prediction, from a made-up /sys and the agent's measurements."""

from __future__ import annotations

import pathlib
from dataclasses import replace

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Bounds
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import Measurement, RunnerSettings
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.predict import Fit, predict
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.knowledge import gather
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.measurement_record import Record
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import CacheShape
from support.values import card, digest, look, policy

GIB = 2**30
URL = "http://127.0.0.1:11434"
LONG = 131072
MEASURED = Measurement(digest("a"), LONG, RunnerSettings(1, "f16", "auto"), 15_500_000_000, 15_500_000_000, 1.0)


def amd(root: pathlib.Path, vram: int) -> None:
    device = root / "sys/class/drm/card0/device"
    device.mkdir(parents=True)
    (device / "mem_info_vram_total").write_text(f"{vram}\n")


def predict_fits(root: pathlib.Path, record: Record, release: tuple[int, ...] = (), environment: dict[str, str] | None = None) -> Fit:
    """Of a model that is trained for more than it was ever given."""
    wide = replace(card("a", training=2 * LONG), cache=CacheShape(2**16, 2**16))
    seen = replace(look(["a"], cards={digest("a"): wide}), release=release)
    knowledge = gather(record, policy("a"), seen, URL, environment, str(root))
    (fit,) = predict(make_plan(policy("a"), seen), seen, knowledge)
    return fit


@pytest.mark.parametrize("at_least", [9 * GIB, 47 * GIB])
def test_without_a_driver_a_model_gets_the_context_that_it_had(tmp_path: pathlib.Path, at_least: int) -> None:
    fit = predict_fits(tmp_path, Record((MEASURED,), Bounds(at_least)), environment={})
    assert (fit.footprint.size, fit.footprint.evidence) == (MEASURED.size, "measured")
    assert fit.verdict == ("fits" if at_least > MEASURED.size else "unknown")


def test_of_what_never_was_the_context_is_told_only_from_enough_for_the_most(tmp_path: pathlib.Path) -> None:
    sizes = [predict_fits(tmp_path, Record(bounds=Bounds(at_least)), environment={}).footprint.size for at_least in (24 * GIB, 47 * GIB)]
    assert sizes == [None, 1000 + 2**16 * 2 * 2 * LONG]


@pytest.mark.parametrize(("release", "context"), [((0, 15, 4), 4096), ((0, 15, 5), 32768), ((), 32768)])
def test_with_a_drivers_word_the_release_decides(tmp_path: pathlib.Path, release: tuple[int, ...], context: int) -> None:
    amd(tmp_path, 24 * GIB)
    fit = predict_fits(tmp_path, Record((MEASURED,)), release, environment={})
    assert fit.footprint.reckoned == 1000 + 2**16 * 2 * context


def test_an_environment_that_nobody_can_read_may_ask_for_what_was_measured(tmp_path: pathlib.Path) -> None:
    amd(tmp_path, 24 * GIB)
    assert predict_fits(tmp_path, Record((MEASURED,))).footprint.reckoned == 1000 + 2**16 * 2 * LONG


TWO = {"proc/driver/nvidia/gpus/0000:01:00.0": "GPU-aaaa", "proc/driver/nvidia/gpus/0000:02:00.0": "GPU-bbbb"}
SAYS = "0, GPU-aaaa, 24564, 0\n1, GPU-bbbb, 24564, 0\n"


@pytest.fixture
def two(tmp_path: pathlib.Path) -> pathlib.Path:
    """A host with two GPUs of 24 GB."""
    for name, uuid in TWO.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "information").write_text(f"GPU UUID: {uuid}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "point", "at_least", "limit"),
    [
        ({}, 2 * 24564 * 2**20, 40 * GIB, 6),
        ({"CUDA_VISIBLE_DEVICES": "GPU-bbbb"}, 24564 * 2**20, 0, 3),
        ({"CUDA_VISIBLE_DEVICES": "0"}, 24564 * 2**20, 0, 3),
    ],
)
def test_what_went_into_two_gpus_is_no_claim_of_one(two: pathlib.Path, environment: dict[str, str], point: int, at_least: int, limit: int) -> None:
    record = Record(bounds=Bounds(40 * GIB, None, ("GPU-aaaa", "GPU-bbbb")))
    found = gather(record, policy("a"), look(["a"]), URL, environment, str(two), lambda _command: (0, SAYS, ""))
    assert (found.capacity.point, found.capacity.at_least, found.limit) == (point, at_least, limit)


def test_what_went_into_the_gpu_that_it_is_shown_counts(two: pathlib.Path) -> None:
    record = Record(bounds=Bounds(20 * GIB, None, ("GPU-bbbb",)))
    found = [gather(record, policy("a"), look(["a"]), URL, {"CUDA_VISIBLE_DEVICES": visible}, str(two)) for visible in ("GPU-bb", "GPU-aa", "")]
    assert [each.capacity.at_least for each in found] == [20 * GIB, 0, 0]
