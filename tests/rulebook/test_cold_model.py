# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cold model has its host examined and the fleet shown; nothing else that is posted starts a play."""

from __future__ import annotations

import pathlib
import urllib.error

import pytest
from conftest import LONGEST, TOKEN, Rulebook, post, start_rulebook

COLD = {"alertname": "OllamaModelCold", "severity": "critical", "ollama_instance": "default"}
EXAMINE = "TASK [Examine the host]"
SHOW = "TASK [Show the fleet]"


def posted(*alerts: dict[str, str], status: str = "firing") -> dict[str, object]:
    """What Alertmanager sends of alerts with these labels (version 4 of its webhook's format)."""
    times = {"startsAt": "2026-11-30T08:00:00.123Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus:9090/graph"}
    known = [{"status": status, "labels": {**COLD, **labels}, "annotations": {"summary": "cold"}, **times, "fingerprint": "1f"} for labels in alerts]
    group = {"groupKey": '{}:{alertname="OllamaModelCold"}', "groupLabels": {"alertname": "OllamaModelCold"}, "commonLabels": COLD}
    rest = {"version": "4", "receiver": "rulebook", "commonAnnotations": {}, "externalURL": "http://alertmanager:9093", "truncatedAlerts": 0}
    return {**rest, **group, "status": status, "alerts": known}


def send(rulebook: Rulebook, content: object, token: str = TOKEN) -> int:
    return post(rulebook.port, "/alerts", content, Authorization=f"Bearer {token}")


def test_what_is_no_cold_model_of_a_plain_host_starts_nothing(rulebook: Rulebook) -> None:
    before, plays = len(rulebook.said), rulebook.plays
    for content in (
        posted({"instance": "gpu1", "alertname": "OllamaModelDegraded"}),
        posted({"instance": "gpu1"}, status="resolved"),
        posted({"instance": "{{ lookup('pipe', 'touch /tmp/keepwarm-injected') }}"}),
        posted({"instance": "gpu1\n{{ 1 }}"}, {"instance": "gpu1,gpu2"}, {"instance": "all:!gpu1"}, {"instance": ""}, {}),
        posted(),
        {"something": "else"},
    ):
        assert send(rulebook, content) == 200
    with pytest.raises(urllib.error.HTTPError, match="401"):
        send(rulebook, posted({"instance": "gpu1"}), token="guessed")
    # Events come one after the other: what those before it had started would be seen before.
    send(rulebook, posted({"instance": "gpu2"}))
    rulebook.wait_for_plays(plays + 2)
    said = rulebook.said[before:]
    assert said.count(EXAMINE) == 1
    assert "\ngpu2: " in said
    assert "\ngpu1: " not in said


def test_a_host_with_two_cold_models_is_examined_once_and_the_fleet_is_shown(rulebook: Rulebook) -> None:
    before, plays = len(rulebook.said), rulebook.plays
    rulebook.page.unlink(missing_ok=True)
    send(rulebook, posted(*({"instance": "gpu1:9100", "model": model} for model in ("qwen3:8b", "nomic-embed-text:latest"))))
    rulebook.wait_for_plays(plays + 2)
    said = rulebook.said[before:]
    assert said.count(EXAMINE) == said.count(SHOW) == 1
    assert "\ngpu1: " in said and "(agent_missing)" in said
    assert "\ngpu2: " not in said
    assert "0 of 2 hosts warm" in said
    assert "gpu1" in rulebook.page.read_text(encoding="utf-8")


def test_without_a_token_it_does_not_start(tmp_path: pathlib.Path) -> None:
    with start_rulebook(tmp_path, keepwarm_eda_port=1) as process:
        assert process.wait(LONGEST) != 0
    assert "'keepwarm_eda_token' is undefined" in (tmp_path / "output").read_text(encoding="utf-8")
