# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each alert fires when it should, does not when it should not, and is silent during a hold: promtool's own simulation."""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass, field, replace
from typing import Any

import ollama_gateway_metrics
import pytest
import yaml
from conftest import TOP, Promtool, render_rules
from ollama_warmup.metrics.metric_names import METRICS

PERIOD = 260
MODEL = 'model="tiny:latest"'
HOST = 'job="node", instance="gpu1:9100", ollama_instance="default"'
RULES = {rule["alert"]: rule for group in yaml.safe_load(render_rules())["groups"] for rule in group["rules"]}
GATEWAY = "gateway: "


@dataclass(frozen=True)
class Story:
    """An hour on one host, a sample a minute. Each series is what promtool expands: a value, `xN` times."""

    alert: str
    minute: int
    firing: bool
    series: dict[str, str] = field(default_factory=dict)

    def all_series(self) -> dict[str, str]:
        """A healthy host, but for what is told."""
        healthy = {
            "last_pass_timestamp_seconds": "0+60x60",
            "last_pass_start_timestamp_seconds": "-5+60x60",
            "last_pass_result{result=server_stopped}": "0x60",
            "last_pass_result{result=warm}": "1x60",
            "period_seconds": f"{PERIOD}x60",
            "longest_pass_seconds": "2400x60",
            "hold_until_timestamp_seconds": "0x60",
            "model_resident{model}": "1x60",
            "model_required{model}": "1x60",
            "model_drift{model,drift=spilled}": "0x60",
            "model_drift{model,drift=not_loaded}": "0x60",
            "model_slow_loads_total{model}": "3x60",
            "model_conflict{model,kind=context}": "0x60",
        }
        return {**healthy, **self.series}


HEALED = "0x9 1x50"
COLD = {"model_resident{model}": "1x9 0x50", "model_drift{model,drift=not_loaded}": "0x9 1x50"}
STOPPED = {"last_pass_result{result=server_stopped}": "0x9 1x50", "last_pass_result{result=warm}": "1x9 0x50"}
SPILLED = {"model_drift{model,drift=spilled}": "0x9 1x50"}
SLOW = {"model_slow_loads_total{model}": "3x9 4x50"}
CONFLICT = {"model_conflict{model,kind=context}": "0x9 1x50"}
DEAD = {"last_pass_timestamp_seconds": "0+60x9 540x50", "last_pass_start_timestamp_seconds": "-5+60x9 535x50"}
LOADING = {"last_pass_timestamp_seconds": "0+60x9 540x50", "last_pass_start_timestamp_seconds": "-5+60x9 600x50"}
NEVER = {"last_pass_timestamp_seconds": "_x60", "last_pass_start_timestamp_seconds": "60x60"}
GONE = dict.fromkeys(("period_seconds", "last_pass_timestamp_seconds", "last_pass_start_timestamp_seconds"), "1x9 _x50")
UP = {"up": "1x60"}
REFUSES = {f"{GATEWAY}refused_total{{client=chat,reason=route}}": "0x9 1+1x50"}
SILENT = {f"{GATEWAY}requests_total{{client=chat,model=tiny:latest,status=502}}": "0x9 1+1x50"}
UNREAD = {f"{GATEWAY}log_read_timestamp_seconds": "0+60x9 540x50"}

STORIES = [
    Story("OllamaModelCold", 30, True, COLD),
    Story("OllamaModelCold", 12, False, COLD),  # not yet for long enough
    Story("OllamaModelCold", 30, False, {**COLD, "model_required{model}": "0x60"}),
    Story("OllamaModelCold", 30, False, {**COLD, **STOPPED}),
    Story("OllamaModelCold", 30, False, {"model_resident{model}": "1x9 0x9 1x40"}),
    Story("OllamaModelDegraded", 30, True, SPILLED),
    Story("OllamaModelDegraded", 20, False, SPILLED),
    Story("OllamaModelDegraded", 30, False, COLD),  # that is another alert's
    Story("OllamaModelSlowLoad", 12, True, SLOW),
    Story("OllamaModelSlowLoad", 30, False, SLOW),
    Story("OllamaModelConflict", 12, True, CONFLICT),
    Story("OllamaModelConflict", 8, False, CONFLICT),
    Story("OllamaWarmupNoPass", 23, True, DEAD),  # 3 * 260 s after the ninth minute
    Story("OllamaWarmupNoPass", 22, False, DEAD),
    Story("OllamaWarmupNoPass", 30, False, LOADING),
    Story("OllamaWarmupNoPass", 52, True, LOADING),  # longer than systemd lets it
    Story("OllamaWarmupNoPass", 30, True, NEVER),
    Story("OllamaWarmupMetricsGone", 30, True, {**GONE, **UP}),
    Story("OllamaWarmupMetricsGone", 12, False, {**GONE, **UP}),
    Story("OllamaWarmupMetricsGone", 30, False, {**GONE, "up": "0x60"}),
    Story("OllamaWarmupMetricsGone", 30, False, UP),
    Story("OllamaGatewayRefuses", 30, True, REFUSES),
    Story("OllamaGatewayRefuses", 20, False, REFUSES),  # not yet for long enough
    Story("OllamaGatewayRefuses", 30, False, {f"{GATEWAY}refused_total{{client=chat,reason=route}}": "0x9 4x50"}),
    Story("OllamaGatewayServerSilent", 20, True, SILENT),
    Story("OllamaGatewayServerSilent", 20, False, {f"{GATEWAY}requests_total{{client=chat,model=tiny:latest,status=200}}": "0+9x60"}),
    Story("OllamaGatewayLogUnread", 30, True, UNREAD),
    Story("OllamaGatewayLogUnread", 15, False, UNREAD),
]
HELD = [
    replace(story, firing=False, series={**story.series, "hold_until_timestamp_seconds": "7200x60"})
    for story in STORIES
    if story.firing and story.alert not in ("OllamaWarmupMetricsGone", "OllamaGatewayRefuses", "OllamaGatewayLogUnread")  # which a hold has nothing to do with
]
HEALTHY = [Story(alert, 40, False, UP) for alert in RULES]


def series(name: str) -> str:
    """As PromQL writes it."""
    if name.startswith(GATEWAY):
        found = re.fullmatch(r"(\w+)(?:\{(.*)\})?", name[len(GATEWAY) :])
        assert found is not None
        labels = ['{}="{}"'.format(*label.split("=")) for label in (found[2] or "").split(",") if label]
        return f"ollama_gateway_{found[1]}{{{', '.join([*HOST.split(', ')[:2], *labels])}}}"
    found = re.fullmatch(r"(\w+)(?:\{(.*)\})?", name)
    assert found is not None
    labels = [MODEL if label == "model" else '{}="{}"'.format(*label.split("=")) for label in (found[2] or "").split(",") if label]
    if name == "up":
        return 'up{job="node", instance="gpu1:9100"}'
    return f"ollama_warmup_{found[1]}{{{', '.join([HOST, *labels])}}}"


def simulation(story: Story) -> dict[str, Any]:
    """One of promtool's tests. Whether an alert fires is asked by its labels alone: what it says is a matter of taste."""
    firing = f'count(ALERTS{{alertname="{story.alert}", alertstate="firing"}}) or vector(0)'
    return {
        "interval": "1m",
        "input_series": [{"series": series(name), "values": values} for name, values in story.all_series().items()],
        "promql_expr_test": [{"expr": firing, "eval_time": f"{story.minute}m", "exp_samples": [{"labels": "{}", "value": int(story.firing)}]}],
    }


def judge(promtool: Promtool, folder: pathlib.Path, *stories: Story) -> None:
    (folder / "rules.yml").write_text(render_rules())
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [simulation(story) for story in stories]}))
    promtool("test", "rules", str(file))


@pytest.mark.parametrize("story", [*STORIES, *HELD, *HEALTHY], ids=lambda story: f"{story.alert}-{story.minute}-{story.firing}")
def test_an_alert_fires_when_it_should_and_only_then(promtool: Promtool, tmp_path: pathlib.Path, story: Story) -> None:
    judge(promtool, tmp_path, story)


def test_a_story_that_does_not_happen_is_refused(promtool: Promtool, tmp_path: pathlib.Path) -> None:
    with pytest.raises(AssertionError, match="FAILED"):
        judge(promtool, tmp_path, Story("OllamaModelCold", 30, True))


def test_every_alert_has_a_story_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    for firing in (True, False):
        assert {story.alert for story in STORIES if story.firing is firing} == set(RULES)


def test_what_an_alert_says_is_filled_in(promtool: Promtool, tmp_path: pathlib.Path) -> None:
    story = Story("OllamaModelCold", 30, True, COLD)
    told = {
        "summary": "tiny:latest is not resident on gpu1:9100",
        "description": "The next request to it waits for a load. 'ollama-warmup --instance default status' on the host tells why.",
    }
    labels = {"severity": "critical", "job": "node", "instance": "gpu1:9100", "ollama_instance": "default", "model": "tiny:latest"}
    expected = {"eval_time": "30m", "alertname": story.alert, "exp_alerts": [{"exp_labels": labels, "exp_annotations": told}]}
    (tmp_path / "rules.yml").write_text(render_rules())
    simulated = {**simulation(story), "alert_rule_test": [expected]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [simulated]}))
    promtool("test", "rules", str(tmp_path / "test.yml"))


def test_the_rules_ask_for_nothing_that_the_agent_does_not_write() -> None:
    asked = set(re.findall(r"\bollama_warmup_\w+", " ".join(rule["expr"] for rule in RULES.values())))
    assert asked <= set(METRICS)
    asked = set(re.findall(r"\bollama_gateway_\w+", " ".join(rule["expr"] for rule in RULES.values())))
    assert asked <= set(ollama_gateway_metrics.METRICS)


def test_every_metric_is_in_the_documentation_with_what_it_tells() -> None:
    rows = dict(re.findall(r"^\| `(ollama_warmup_\w+)` \|[^|]*\| ([^|]*) \|", (TOP / "docs/reference/metrics.md").read_text(), re.MULTILINE))
    assert {name: rows.get(name) for name in METRICS} == METRICS
    rows = dict(re.findall(r"^\| `(ollama_gateway_\w+)`[^|]*\| ([^|]*) \|", (TOP / "roles/ollama_gateway/README.md").read_text(), re.MULTILINE))
    assert {name: rows.get(name) for name in ollama_gateway_metrics.METRICS} == ollama_gateway_metrics.METRICS


@pytest.mark.parametrize("period", ["90s", "1h"])
def test_the_periods_are_variables(promtool: Promtool, tmp_path: pathlib.Path, period: str) -> None:
    (tmp_path / "rules.yml").write_text(render_rules(ollama_warmup_alerts_cold_for=period, ollama_warmup_alerts_degraded_for=period))
    assert "SUCCESS: 9 rules found" in promtool("check", "rules", str(tmp_path / "rules.yml"))
    assert (tmp_path / "rules.yml").read_text().count(f"for: {period}") == 2
