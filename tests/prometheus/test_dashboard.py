# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboard is one that Grafana knows, and asks only for what the agent writes, in a language that Prometheus understands."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from conftest import ROLE, Promtool
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from ollama_warmup.metrics.metric_names import METRICS

DASHBOARD = json.loads((ROLE / "files/grafana/ollama-warmup.json").read_text())
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
ALL = {name: variable.get("allValue", "x") for name, variable in VARIABLES.items()}
LABELS = {"instance", "ollama_instance", "model", "cause", "result", "kind", "drift"}


def filled_in(expression: str) -> str:
    """With every variable as when all is chosen."""
    return re.sub(r"\$(\w+)", lambda found: ALL[found[1]], expression)


def questions(panel: dict[str, Any]) -> list[str]:
    return [filled_in(target["expr"]) for target in panel["targets"]]


QUERIES = [question for panel in PANELS.values() for question in questions(panel)]


@pytest.mark.parametrize("title", PANELS)
def test_prometheus_understands_every_panel(promtool: Promtool, tmp_path: pathlib.Path, title: str) -> None:
    rules = [{"record": f"panel:{number}", "expr": question} for number, question in enumerate(questions(PANELS[title]))]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panel", "rules": rules}]}))
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", str(tmp_path / "rules.yml"))


def test_panels_and_choices_ask_only_for_what_the_agent_writes() -> None:
    choices = [variable["query"] for variable in VARIABLES.values()]
    asked = set(re.findall(r"\bollama_warmup_\w+", " ".join([*QUERIES, *choices])))
    assert asked <= set(METRICS)
    assert set(METRICS) - asked == {
        "ollama_warmup_last_pass_start_timestamp_seconds",
        "ollama_warmup_longest_pass_seconds",
        "ollama_warmup_model_context_tokens",
        "ollama_warmup_model_size_bytes",
    }


def test_every_series_is_named_by_labels_that_it_has() -> None:
    legends = " ".join(target["legendFormat"] for panel in PANELS.values() for target in panel["targets"])
    assert set(re.findall(r"\{\{(\w+)\}\}", legends)) <= LABELS


def test_every_panel_asks_the_source_that_is_chosen_and_none_lies_over_another() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        assert {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])} == {"${datasource}"}
        place = panel["gridPos"]
        own = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not own & cells and place["x"] + place["w"] <= 24
        cells |= own
    assert len(PANELS) == len(DASHBOARD["panels"])


def lost(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """What of the one is not in the other."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after.get(key), f"{place}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (value, other) in enumerate(zip(before, after)):
            yield from lost(value, other, f"{place}/{number}")
    elif before != after:
        yield place


def test_grafanas_own_schema_knows_every_key_but_our_mark() -> None:
    read = json.loads(json.dumps(Dashboard.from_json(DASHBOARD), cls=JSONEncoder))
    assert list(lost(DASHBOARD, read)) == ["/managed_by"]


def test_a_key_that_grafana_does_not_know_would_be_found() -> None:
    wrong = {**DASHBOARD, "panels": [{**DASHBOARD["panels"][0], "tpye": "stat"}, *DASHBOARD["panels"][1:]]}
    read = json.loads(json.dumps(Dashboard.from_json(wrong), cls=JSONEncoder))
    assert "/panels/0/tpye" in list(lost(wrong, read))
