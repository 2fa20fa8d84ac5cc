# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchanges recorded from real Ollama servers, with their placeholders filled in."""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

_CONTRACT = pathlib.Path(__file__).parents[2] / "contract"
VERSIONS = ("0.32.15", "0.24.0")
NOW = datetime(2026, 8, 22, 8, 0, 0, tzinfo=timezone.utc)
_FIXED = {"@timestamp": "2026-08-22T09:59:30.123456789+02:00", "@forever": "2318-12-02T09:47:16.978231264Z", "@bytes": 325632}


@dataclass(frozen=True)
class Exchange:
    """One recorded request and what the server answered; `body` and `json` have their placeholders filled in."""

    version: str
    scenario: str
    method: str
    path: str
    body: Any
    status: int
    json: Any
    text: str

    def __str__(self) -> str:
        return f"{self.version} {self.scenario} {self.method} {self.path} {self.status}"


def exchanges(path: str, *statuses: int) -> list[Exchange]:
    """All answers to `path`, of both servers."""
    return [found for version in VERSIONS for found in _exchanges(version) if found.path == path and found.status in statuses]


def steps(version: str, scenario: str) -> list[dict[str, Any]]:
    """A scenario as recorded, placeholders and all."""
    return next(entry["steps"] for entry in _scenarios(version) if entry["scenario"] == scenario)


def fill(value: Any) -> Any:
    """The value with every placeholder replaced by something plausible."""
    if isinstance(value, dict):
        return {key: fill(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner) for inner in value]
    return _filled_text(value) if isinstance(value, str) else value


def _filled_text(text: str) -> Any:
    if text.startswith("@in:"):
        return (NOW + timedelta(seconds=int(text[4:-1]))).isoformat()
    if text.startswith("@digest:"):
        return hashlib.sha256(text[8:].encode()).hexdigest()
    return _FIXED.get(text) or re.sub(r"sha256([-:])@", lambda found: f"sha256{found[1]}{'0a' * 32}", text)


def _exchanges(version: str) -> Iterator[Exchange]:
    for scenario in _scenarios(version):
        for step in scenario["steps"]:
            result = step.get("result", {})
            if step["do"] == "request" and "status" in result:
                yield Exchange(
                    version,
                    scenario["scenario"],
                    step["method"],
                    step["path"],
                    fill(step.get("body")),
                    result["status"],
                    fill(result.get("json")),
                    result.get("text", ""),
                )


def _scenarios(version: str) -> list[dict[str, Any]]:
    return json.loads((_CONTRACT / f"v{version}.json").read_text(encoding="utf-8"))["scenarios"]
