# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model that cannot be resident is refused with the reason, and costs the others nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from shared.machine import Machine, Outcome

MODELS = ["tiny-a", "same-weights", "embed"]
REASONS = {"same-weights": "same-weights and tiny-a are two names of the same weights, which share one runner: keep one"}
MISSING = "not warm: missing:7b is not installed on the server: pull or create it first (ollama_model, or ollama pull missing:7b)"


@pytest.mark.parametrize("options", [("--check",), ()], ids=["check", "run"])
def test_a_model_that_is_not_there_is_refused_before_anything_is_changed(gpu1: Machine, site: Callable[..., Outcome], options: tuple[str, ...]) -> None:
    """The server would restart for its drop-in, and the agent's library is not there yet."""
    before = gpu1.state()
    refused = site({"gpu1": {"ollama_warmup_models": [{"name": "tiny-a"}, {"name": "missing:7b"}]}}, *options)
    assert (refused.status != 0, refused.changed, refused.messages) == (True, [], {"gpu1": MISSING})
    assert gpu1.state() == before


@pytest.mark.parametrize("options", [("--check",), ()], ids=["check", "run"])
def test_metrics_that_nobody_would_read_are_refused_before_anything_is_changed(
    gpu1: Machine, site: Callable[..., Outcome], options: tuple[str, ...]
) -> None:
    before = gpu1.state()
    refused = site({"gpu1": {"ollama_warmup_models": [{"name": "tiny-a"}], "ollama_warmup_metrics": True}}, *options)
    assert (refused.status != 0, refused.changed) == (True, [])
    assert "ollama_warmup_metrics_directory /var/lib/prometheus/node-exporter is no folder of this host" in refused.messages["gpu1"]
    assert gpu1.state() == before


@pytest.fixture(scope="module")
def outcome(gpu1: Machine, site: Callable[..., Outcome]) -> Outcome:
    gpu1.post("/api/copy", source="tiny-a", destination="same-weights")
    return site({"gpu1": {"ollama_warmup_models": [{"name": name} for name in MODELS]}})


def test_the_play_fails_with_every_such_model_and_why(outcome: Outcome) -> None:
    assert outcome.status != 0
    assert outcome.messages["gpu1"] == f"not warm: {'; '.join(REASONS.values())}"


def test_the_other_models_are_resident_for_ever(outcome: Outcome, gpu1: Machine) -> None:
    assert {name: expiry > "2300" for name, expiry in gpu1.resident().items()} == {"tiny-a:latest": True, "embed:latest": True}


def test_the_agent_gives_the_same_reasons(outcome: Outcome, gpu1: Machine) -> None:
    gpu1.run("ollama-warmup run || test $? = 1")  # the timer's jitter may still hold the first pass back
    status = json.loads(gpu1.run("ollama-warmup status --json || test $? = 1"))
    assert {model["name"]: model["failure"] for model in status["models"] if model["failure"]} == REASONS
