# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent writes, before promtool's eyes: names, types, units, help."""

from __future__ import annotations

import math

import pytest
from conftest import Promtool
from ollama_warmup.metrics.exposition import text
from ollama_warmup.metrics.metric_names import METRICS
from ollama_warmup.metrics.sampling import Sample


def exposed(extra: tuple[Sample, ...] = ()) -> str:
    labels = {"model": 'hf.co/a/b"c\\d:Q4'}
    return text("gpu-1", [*(Sample(name, labels, math.inf) for name in METRICS), *extra]).decode()


def test_promtool_finds_nothing_wrong_with_the_metrics(promtool: Promtool) -> None:
    assert promtool("check", "metrics", given=exposed()) == ""


def test_promtool_would_find_what_is_wrong(promtool: Promtool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ollama_warmup.metrics.exposition.METRICS", {**METRICS, "ollama_warmup_load_milliseconds": "x"})
    with pytest.raises(AssertionError, match='use base unit "seconds" instead of "milliseconds"'):
        promtool("check", "metrics", given=exposed((Sample("ollama_warmup_load_milliseconds", {}, 1),)))
