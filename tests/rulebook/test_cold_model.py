# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cold model has its host examined and the fleet shown; nothing else that is posted starts a play."""

from __future__ import annotations

import pathlib
import urllib.error
from collections.abc import Callable, Sequence

import pytest
from conftest import TOKEN, Rulebook, post, start_rulebook

COLD = {"alertname": "OllamaModelCold", "severity": "critical", "ollama_instance": "default"}
EXAMINE = "TASK [Examine the host]"
SHOW = "TASK [Show the fleet]"


def posted(status: str = "firing", **labels: str) -> dict[str, object]:
    """What Alertmanager would send, had it been told so."""
    return {"version": "4", "status": status, "alerts": [{"status": status, "labels": {**COLD, **labels}, "annotations": {}}]}


def test_what_is_no_cold_model_of_a_plain_host_starts_nothing(rulebook: Rulebook) -> None:
    for content in (
        posted(instance="gpu1", alertname="OllamaModelDegraded"),
        posted(status="resolved", instance="gpu1"),
        posted(instance="{{ lookup('pipe', 'touch /tmp/keepwarm-injected') }}"),
        posted(instance="gpu1\n{{ 1 }}"),
        posted(instance="gpu1,gpu2"),
        posted(instance="all:!gpu1"),
        {"alerts": []},
        {"something": "else"},
    ):
        assert post(rulebook.port, "/alerts", content, Authorization=f"Bearer {TOKEN}") == 200
    with pytest.raises(urllib.error.HTTPError, match="401"):
        post(rulebook.port, "/alerts", posted(instance="gpu1"), Authorization="Bearer guessed")
    # Events come one after the other: what those before it had started would be seen before.
    post(rulebook.port, "/alerts", posted(instance="gpu2"), Authorization=f"Bearer {TOKEN}")
    rulebook.wait_for_plays(2)
    assert rulebook.said.count(EXAMINE) == 1
    assert "\ngpu2: " in rulebook.said
    assert "\ngpu1: " not in rulebook.said


def test_alertmanager_has_a_host_with_two_cold_models_examined_once(rulebook: Rulebook, alert: Callable[[Sequence[dict[str, str]]], None]) -> None:
    before = len(rulebook.said)
    rulebook.page.unlink()
    alert([{**COLD, "instance": "gpu1:9100", "model": model} for model in ("qwen3:8b", "nomic-embed-text:latest")])
    rulebook.wait_for_plays(4)
    said = rulebook.said[before:]
    assert said.count(EXAMINE) == said.count(SHOW) == 1
    assert "\ngpu1: " in said and "(agent_missing)" in said
    assert "\ngpu2: " not in said
    assert "0 of 2 hosts warm" in said
    assert "gpu1" in rulebook.page.read_text(encoding="utf-8")


def test_without_a_token_it_does_not_start(tmp_path: pathlib.Path) -> None:
    with start_rulebook(tmp_path, keepwarm_eda_port=1) as running:
        assert running.wait(300) != 0
    assert "'keepwarm_eda_token' is undefined" in (tmp_path / "output").read_text(encoding="utf-8")
