# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with the agent and Prometheus, and what Prometheus says of it by its own API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from shared.gpu import PASS, PINS, SERVER, TIMER, Gpu, eventually


class Watched(Gpu):
    """The host, and its Prometheus."""

    def prometheus(self, path: str) -> Any:
        """An answer's data."""
        return json.loads(self.run(f"curl --fail --silent 'http://127.0.0.1:9090/api/v1/{path}'"))["data"]

    def query(self, expression: str, label: str = "model") -> dict[str, float]:
        """The values of an instant query, by one label."""
        found = self.prometheus(f"query?query={quote(expression)}")["result"]
        return {sample["metric"].get(label, ""): float(sample["value"][1]) for sample in found}

    def alerts(self) -> set[tuple[str, str]]:
        """Those that fire, each with its model."""
        found = self.prometheus("alerts")["alerts"]
        return {(alert["labels"]["alertname"], alert["labels"].get("model", "")) for alert in found if alert["state"] == "firing"}

    def make_pass(self) -> None:
        """One that Prometheus has seen the end of when this returns. The timer is not to be running."""
        begun = float(self.run("date +%s.%N"))
        self.run(f"systemctl start {PASS}")
        eventually(lambda: self.query("ollama_warmup_last_pass_timestamp_seconds", "ollama_instance").get("default", 0) > begun)

    def counted(self) -> list[dict[str, float]]:
        """Incidents and loads so far, by model."""
        queries = [f"sum by (model) (ollama_warmup_model_{name}_total)" for name in ("incidents", "loads")]
        eventually(lambda: [set(self.query(query)) for query in queries], [set(PINS), set(PINS)])
        return [self.query(query) for query in queries]

    def is_well(self) -> bool:
        """Both by the server's list and in Prometheus' eyes."""
        seen = self.query("ollama_warmup_model_resident")
        return set(PINS) <= self.pinned() and seen == dict.fromkeys(PINS, 1) and not self.alerts()


@pytest.fixture
def watched(host: Any) -> Iterator[Watched]:
    """The host, well, whatever the test before did to it."""
    found = Watched(host)
    eventually(found.is_well)
    yield found
    found.run(f"systemctl start {SERVER} {TIMER}")
    found.run("ollama-warmup release")
    found.door("clear")
    found.ask("tiny-a", "10m")  # which the agent would retry later and later
