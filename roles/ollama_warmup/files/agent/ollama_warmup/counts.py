# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has been counted since the state began: it only ever grows, as a metric of the kind C(counter) must."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .plain import NUMBER, numbers, typed


@dataclass(frozen=True)
class Counts:
    """By model: C(departures) by their cause, C(loads) of ours, C(slow_loads) among them, and how long the last one took in seconds."""

    departures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    loads: Mapping[str, int] = field(default_factory=dict)
    slow_loads: Mapping[str, int] = field(default_factory=dict)
    load_seconds: Mapping[str, float] = field(default_factory=dict)


def parse_counts(raw: Mapping[str, Any]) -> Counts:
    """Raises C(StateError)."""
    departures = typed(raw, "departures", (dict,))
    return Counts(
        departures={model: numbers(departures, model) for model in departures},
        loads=numbers(raw, "loads"),
        slow_loads=numbers(raw, "slow_loads"),
        load_seconds=numbers(raw, "load_seconds", NUMBER),
    )
