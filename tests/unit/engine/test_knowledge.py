# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known on a host for a prediction, from a made-up /sys and the agent's measurements."""

from __future__ import annotations

import pathlib
from dataclasses import replace

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.capacity import Bounds
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.drift import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.knowledge import gather
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.measurement import Measurement
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.measurement_record import Record
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.observation import CacheShape
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.prediction import Fit, predict
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.runner_settings import RunnerSettings
from support.values import card, digest, look, policy

GIB = 2**30
URL = "http://127.0.0.1:11434"
LONG = 131072
MEASURED = Measurement(digest("a"), LONG, RunnerSettings(1, "f16", "auto"), 15_500_000_000, 15_500_000_000, 1.0)


def amd(root: pathlib.Path, vram: int) -> None:
    device = root / "sys/class/drm/card0/device"
    device.mkdir(parents=True)
    (device / "mem_info_vram_total").write_text(f"{vram}\n")


def foretell(root: pathlib.Path, record: Record, release: tuple[int, ...] = (), environment: dict[str, str] | None = None) -> Fit:
    """Of a model that is trained for more than it was ever given."""
    wide = replace(card("a", training=2 * LONG), cache=CacheShape(2**16, 2**16))
    seen = replace(look(["a"], cards={digest("a"): wide}), release=release)
    knowledge = gather(record, policy("a"), seen, URL, environment, str(root))
    (fit,) = predict(make_plan(policy("a"), seen), seen, knowledge)
    return fit


@pytest.mark.parametrize("at_least", [9 * GIB, 47 * GIB])
def test_without_a_driver_a_model_gets_the_context_that_it_had(tmp_path: pathlib.Path, at_least: int) -> None:
    fit = foretell(tmp_path, Record((MEASURED,), Bounds(at_least)), environment={})
    assert (fit.footprint.size, fit.footprint.evidence) == (MEASURED.size, "measured")
    assert fit.verdict == ("fits" if at_least > MEASURED.size else "unknown")


def test_of_what_never_was_the_context_is_told_only_from_enough_for_the_most(tmp_path: pathlib.Path) -> None:
    sizes = [foretell(tmp_path, Record(bounds=Bounds(at_least)), environment={}).footprint.size for at_least in (24 * GIB, 47 * GIB)]
    assert sizes == [None, 1000 + 2**16 * 2 * 2 * LONG]


@pytest.mark.parametrize(("release", "context"), [((0, 15, 4), 4096), ((0, 15, 5), 32768), ((), 32768)])
def test_with_a_drivers_word_the_release_decides(tmp_path: pathlib.Path, release: tuple[int, ...], context: int) -> None:
    amd(tmp_path, 24 * GIB)
    fit = foretell(tmp_path, Record((MEASURED,)), release, environment={})
    assert fit.footprint.reckoned == 1000 + 2**16 * 2 * context


def test_an_environment_that_nobody_can_read_may_ask_for_what_was_measured(tmp_path: pathlib.Path) -> None:
    amd(tmp_path, 24 * GIB)
    assert foretell(tmp_path, Record((MEASURED,))).footprint.reckoned == 1000 + 2**16 * 2 * LONG
