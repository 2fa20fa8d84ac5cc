# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has been counted since the state began: it only ever grows, as a metric of the kind `counter` must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keepwarm._base.readers import NUMBER, numbers, typed
from keepwarm._residency.decide.actions import LOADS
from keepwarm._residency.decide.progress import Progress

from .incidents import Incident


@dataclass(frozen=True)
class Counts:
    """By model: `incidents` by their cause, `loads` of ours, `slow_loads` among them, and how long the last one took in seconds."""

    incidents: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    loads: Mapping[str, int] = field(default_factory=dict)
    slow_loads: Mapping[str, int] = field(default_factory=dict)
    load_seconds: Mapping[str, float] = field(default_factory=dict)


def parse_counts(raw: Mapping[str, Any]) -> Counts:
    """Raises `InvalidValue`."""
    incidents = typed(raw, "incidents", (dict,))
    return Counts(
        incidents={model: numbers(incidents, model) for model in incidents},
        loads=numbers(raw, "loads"),
        slow_loads=numbers(raw, "slow_loads"),
        load_seconds=numbers(raw, "load_seconds", NUMBER),
    )


def count(counts: Counts, models: Iterable[Progress], noticed: Iterable[Incident]) -> Counts:
    """With one more pass. What one act brought about counts once, however many drifts showed it."""
    incidents = {model: dict(by_cause) for model, by_cause in counts.incidents.items()}
    for model, cause in sorted({(incident.model, incident.cause) for incident in noticed}):
        by_cause = incidents.setdefault(model, {})
        by_cause[cause] = by_cause.get(cause, 0) + 1
    loaded = [progress for progress in models if progress.changed and progress.action in LOADS]
    seconds = {str(progress.model.name): progress.load_seconds for progress in loaded if progress.load_seconds is not None}
    return Counts(
        incidents=incidents,
        loads=_more(counts.loads, loaded),
        slow_loads=_more(counts.slow_loads, [progress for progress in loaded if progress.was_slow]),
        load_seconds={**counts.load_seconds, **seconds},
    )


def _more(known: Mapping[str, int], models: Iterable[Progress]) -> dict[str, int]:
    found = dict(known)
    for progress in models:
        name = str(progress.model.name)
        found[name] = found.get(name, 0) + 1
    return found
