# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observation tells by itself."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import ModelCard
from support.values import blob, digest, installed, look, resident, runners


@pytest.mark.parametrize(
    ("size", "vram", "percent", "processor"),
    [
        (1000, 1000, 100, "100% GPU"),
        (1000, 0, 0, "100% CPU"),
        (1000, 600, 60, "40%/60% CPU/GPU"),
        (1000, 996, 99, "0%/100% CPU/GPU"),
        (1000, 4, 0, "100%/0% CPU/GPU"),
        (0, 0, 0, "100% CPU"),
        (1000, 1200, 100, "100% GPU"),
    ],
)
def test_where_it_runs_is_told_as_ollama_ps_does(size: int, vram: int, percent: int, processor: str) -> None:
    entry = resident("a", size=size, vram=vram)
    assert (entry.gpu_percent, entry.processor) == (percent, processor)


def test_a_living_runner_is_certain_and_a_dead_one_only_in_a_complete_view() -> None:
    assert [runners("a").alive(weights) for weights in (blob("a"), blob("b"), None)] == [True, False, None]
    assert [runners("a", complete=False).alive(weights) for weights in (blob("a"), blob("b"), None)] == [True, None, None]
    assert look(["a"], alive=None).alive(blob("a")) is None


@pytest.mark.parametrize(
    ("complete", "seen", "living"), [(True, True, ["a"]), (False, True, ["a", "b"]), (True, False, ["a", "b"])], ids=["one died", "hidden", "elsewhere"]
)
def test_only_what_certainly_died_takes_no_memory(complete: bool, seen: bool, living: list[str]) -> None:
    observation = look(["a", "b"], [resident("a"), resident("b")], runners("a", complete=complete) if seen else None)
    assert observation.living == tuple(map(resident, living))


def test_models_and_weights_are_found() -> None:
    observation = look(["a", "b"])
    assert observation.find_installed(installed("B").name) == installed("b")
    assert observation.find_installed(installed("c").name) is None
    assert observation.blob_of(digest("a")) == blob("a")
    assert observation.blob_of(digest("c")) is None


@pytest.mark.parametrize(
    ("capabilities", "generates"), [((), True), (("embedding",), False), (("embedding", "completion"), True), (("vision",), True)]
)
def test_only_a_model_that_merely_embeds_does_not_generate(capabilities: tuple[str, ...], generates: bool) -> None:
    assert ModelCard(None, frozenset(capabilities)).generates is generates


@pytest.mark.parametrize(
    ("capability", "training", "context", "declared", "asked"),
    [
        ("completion", 512, 512, None, 512),
        ("completion", 512, 512, 4096, 512),
        ("embedding", 512, 512, None, None),
        ("embedding", 512, 512, 512, 2048),
        ("embedding", 512, 512, 4096, 4096),
        ("embedding", 512, 512, 256, None),
        ("embedding", 512, 256, None, 256),
        ("embedding", 512, 256, 256, 256),
        ("embedding", 8192, 8192, 8192, 8192),
        ("embedding", 8192, 8192, 2048, None),
        ("embedding", None, 512, None, 512),
        ("embedding", 512, None, None, None),
    ],
)
def test_a_model_that_embeds_is_asked_for_a_context_that_gives_the_batch_of_plain_requests(
    capability: str, training: int | None, context: int | None, declared: int | None, asked: int | None
) -> None:
    assert ModelCard(None, frozenset({capability}), training).asked_context(context, declared) == asked
