# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pretended GPU: placement, eviction for memory, and what happens when it shrinks or is lost."""

from __future__ import annotations

import pytest
from running_stand_in import StandIn

# a tiny model at 4096 tokens is predicted at 2.3 MiB (0.3 of weights, 2 of cache)


def test_model_goes_when_another_needs_more_than_four_fifths_of_what_is_free(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_STUB_VRAM="6MiB")
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.generate("tiny-b", keep_alive="5m")
    assert set(stand_in.residents()) == {"tiny-a", "tiny-b"}
    stand_in.generate("tiny-c", keep_alive=-1)
    assert set(stand_in.residents()) == {"tiny-a", "tiny-c"}
    assert stand_in.counters()["evictions"] == {"tiny-b:latest": 1}
    assert any("predicted to exceed available memory, evicting" in line for line in stand_in.log_lines())


def test_model_too_big_for_the_gpu_is_loaded_in_part(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_STUB_VRAM="200MiB")
    stand_in.generate("big", keep_alive=-1)
    entry = stand_in.residents()["big"]
    assert 0 < entry["size_vram"] == 200 * 2**20 < entry["size"]


def test_memory_that_others_take_is_missing(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_STUB_VRAM="8MiB")
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.door.order("hardware", taken_by_others="4MiB")
    stand_in.generate("tiny-b", keep_alive=-1)
    assert set(stand_in.residents()) == {"tiny-b"}


@pytest.mark.parametrize(("share", "vram"), [(0, 0.0), (0.5, 0.5), (None, 1.0)])
def test_share_on_the_gpu_can_be_forced(stand_in: StandIn, share: float | None, vram: float) -> None:
    stand_in.run()
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.door.order("hardware", gpu_share=share)
    entry = stand_in.residents()["tiny-a"]
    assert entry["size_vram"] == int(entry["size"] * vram)


@pytest.mark.parametrize(("vram", "context"), [("1GiB", 4096), ("23GiB", 32768), ("47GiB", 32768)])
def test_default_context_follows_the_memory_up_to_the_training_context(
    stand_in: StandIn, vram: str, context: int
) -> None:
    stand_in.run(OLLAMA_STUB_VRAM=vram)
    stand_in.generate("tiny-a", keep_alive=-1)
    assert stand_in.residents()["tiny-a"]["context_length"] == context


def test_load_that_runs_out_of_memory_evicts_all_others_and_tries_once_more(stand_in: StandIn) -> None:
    stand_in.run()
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.generate("tiny-b", keep_alive=-1)
    stand_in.door.order("load", model="tiny-c", failure="cudaMalloc failed: out of memory")
    assert stand_in.generate("tiny-c", keep_alive=-1)["status"] == 200
    assert set(stand_in.residents()) == {"tiny-c"}
    assert stand_in.counters()["loads"]["tiny-c:latest"] == 2
