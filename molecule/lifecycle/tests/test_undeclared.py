# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model that is taken off the list is not left resident for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from shared.gpu import CONFIGURATION, STATE, Gpu, eventually


@pytest.fixture
def declared(gpu: Gpu) -> Iterator[Gpu]:
    """The host gets its declaration back afterwards."""
    gpu.run(f"cp --preserve {CONFIGURATION} {CONFIGURATION}.kept")
    yield gpu
    gpu.run(f"mv {CONFIGURATION}.kept {CONFIGURATION}")


def test_a_model_that_is_taken_off_the_list_is_given_back(declared: Gpu) -> None:
    declared.play(ollama_warmup_models=[{"name": "embed", "num_ctx": 256}])
    eventually(declared.pinned, {"embed:latest"})
    assert "tiny-a:latest" in declared.listed()  # it leaves as any model that nobody declared
    eventually(lambda: json.loads(declared.host.file(STATE).content_string)["pinned"], ["embed:latest"])


def test_an_empty_list_gives_all_pins_back_and_is_neither_warm_nor_cold(declared: Gpu) -> None:
    declared.play(ollama_warmup_models=[])
    eventually(declared.pinned, set())
    assert "tiny-a:latest" in declared.listed()
    eventually(declared.targets, ["inactive", "inactive"])
    assert declared.exits("check", "status", "wait --timeout=60") == {"check": 0, "status": 0, "wait --timeout=60": 0}
    assert "nothing declared" in declared.run("ollama-warmup check")
    assert declared.targets() == ["inactive", "inactive"]


def test_where_nobody_declared_anything_pins_are_left_alone_and_nothing_says_warm(declared: Gpu) -> None:
    declared.play(ollama_warmup_models=None)
    says_nothing_is_declared(declared)


def test_a_list_that_is_taken_out_of_the_configuration_by_hand_is_none_either(declared: Gpu) -> None:
    configuration = json.loads(declared.host.file(CONFIGURATION).content_string)
    configuration["policy"]["models"] = None
    declared.run(f"echo '{json.dumps(configuration)}' >{CONFIGURATION}")
    says_nothing_is_declared(declared)


def says_nothing_is_declared(gpu: Gpu) -> None:
    eventually(gpu.targets, ["inactive", "inactive"])
    assert gpu.exits("run", "check", "wait --timeout=0") == {"run": 2, "check": 2, "wait --timeout=0": 2}
    assert "no models are declared" in gpu.host.run("ollama-warmup check").stderr
    assert gpu.run("systemctl list-units --failed --plain --no-legend 'ollama-w*'") == ""
    assert gpu.pinned() == {"tiny-a:latest", "embed:latest"}
