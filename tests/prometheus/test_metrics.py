# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent writes, before promtool's eyes: names, types, units, help."""

from __future__ import annotations

import math

import ollama_gateway_metrics
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


def test_promtool_finds_nothing_wrong_with_the_gateway_s_metrics(promtool: Promtool) -> None:
    counts = ollama_gateway_metrics.Counts()
    reached = '"client":"chat","status":"200","model":"m","reason":"keep_alive","upstream_status":"200","upstream_first_byte":"0.2"'
    for line in (f"{{{reached}}}", '{"client":"","status":"401","reason":"status_401","upstream_status":"-"}', "nonsense"):
        counts.line(line.encode())
    said = ollama_gateway_metrics.exposition(counts, 1.0)
    assert {name for name in ollama_gateway_metrics.METRICS if f"\n{name}" in said} == set(ollama_gateway_metrics.METRICS)
    assert promtool("check", "metrics", given=said) == ""
