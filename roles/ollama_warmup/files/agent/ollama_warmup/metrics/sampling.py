# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus is told of one instance: what is remembered as samples. Pure, and without the library that writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keepwarm._residency.decide import cause_rules, drifts
from keepwarm._residency.decide.conflicts import CONTEXT, EVICTION, Conflict
from keepwarm._residency.values.keep_alive import Expiry, ExpiryError
from keepwarm._residency.values.policy import DeclaredModel

from .. import exits
from ..configuration import Configuration, Metrics, is_number
from ..state.counts import Counts
from ..state.state import LastPass, State
from .metric_names import MODEL, PREFIX

DRIFTS = tuple(sorted(drifts.DRIFTS))
CAUSES = (
    cause_rules.CLIENT_CHANGED_EXPIRY,
    cause_rules.CONTEXT_CHANGED_BY_CLIENT,
    cause_rules.EVICTED,
    cause_rules.EXPIRED,
    cause_rules.GPU_LOST,
    cause_rules.NEVER_LOADED,
    cause_rules.OOM_KILLED,
    cause_rules.REPULLED,
    cause_rules.RUNNER_DIED,
    cause_rules.RUNNER_HUNG,
    cause_rules.SERVER_RESTARTED,
    cause_rules.UNKNOWN,
    cause_rules.UNLOADED_BY_CLIENT,
)
CONFLICTS = (CONTEXT, EVICTION)
RESULTS = (exits.WARM, exits.NOT_RESIDENT, exits.UNREACHABLE, exits.STOPPED, exits.ON_HOLD, exits.UNDECLARED)
"""The ends of a pass that Prometheus is told of. One that was told to stop has proven nothing, and leaves what is told as it was."""


@dataclass(frozen=True)
class Sample:
    """One value, in the unit that the name ends in."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Moment:
    """`begun` is when the last pass began, `hold_until` an operator's word or 0: seconds since 1970."""

    begun: float
    hold_until: float = 0.0


def samples(configuration: Configuration, metrics: Metrics, state: State, moment: Moment) -> Iterator[Sample]:
    """All of them, without the label that names the instance."""
    last = state.last_pass
    current = last if last and last.server == state.server else None
    yield from _of_the_agent(metrics, moment)
    yield from _of_the_pass(last) if last else ()
    if configuration.policy.models or not configuration.policy.declared:
        yield Sample(f"{PREFIX}warm", {}, float(current is not None and current.ended == exits.WARM))
    entries = {entry["model"]: entry for entry in (current.models if current else ())}
    for model in configuration.policy.models:
        yield from _of_a_model(model, entries.get(str(model.name), {}))
        yield from _counted(str(model.name), state.counts)
        yield from _conflicts(str(model.name), state.conflicts)


def _of_the_agent(metrics: Metrics, moment: Moment) -> Iterator[Sample]:
    yield Sample(f"{PREFIX}period_seconds", {}, metrics.period)
    yield Sample(f"{PREFIX}longest_pass_seconds", {}, metrics.longest_pass)
    yield Sample(f"{PREFIX}last_pass_start_timestamp_seconds", {}, moment.begun)
    yield Sample(f"{PREFIX}hold_until_timestamp_seconds", {}, moment.hold_until)


def _of_the_pass(last: LastPass) -> Iterator[Sample]:
    yield Sample(f"{PREFIX}last_pass_timestamp_seconds", {}, last.at)
    yield Sample(f"{PREFIX}last_pass_duration_seconds", {}, last.seconds)
    for code in RESULTS:
        yield Sample(f"{PREFIX}last_pass_result", {"result": exits.WORDS[code].replace(" ", "_")}, float(code == last.ended))


def _of_a_model(model: DeclaredModel, entry: Mapping[str, Any]) -> Iterator[Sample]:
    """A model of which the last pass tells nothing counts as not resident."""
    labels = {"model": str(model.name)}
    yield Sample(f"{MODEL}required", labels, float(model.required))
    yield Sample(f"{MODEL}resident", labels, float(entry.get("resident") is True))
    words = entry.get("drift")
    for word in DRIFTS:
        yield Sample(f"{MODEL}drift", {**labels, "drift": word}, float(isinstance(words, list) and word in words))
    listed = entry.get("after")
    for name, value in _listed(listed if isinstance(listed, dict) else {}):
        if value is not None:
            yield Sample(f"{MODEL}{name}", labels, value)


def _counted(model: str, counts: Counts) -> Iterator[Sample]:
    """Also what never happened, as zero: Prometheus sees no growth from nothing to one."""
    labels = {"model": model}
    yield Sample(f"{MODEL}loads_total", labels, counts.loads.get(model, 0))
    yield Sample(f"{MODEL}slow_loads_total", labels, counts.slow_loads.get(model, 0))
    if model in counts.load_seconds:
        yield Sample(f"{MODEL}last_load_duration_seconds", labels, counts.load_seconds[model])
    incidents = counts.incidents.get(model, {})
    for word in sorted({*CAUSES, *incidents}):
        yield Sample(f"{MODEL}incidents_total", {**labels, "cause": word}, incidents.get(word, 0))


def _conflicts(model: str, conflicts: Iterable[Conflict]) -> Iterator[Sample]:
    now = {conflict.kind for conflict in conflicts if conflict.model == model}
    for kind in CONFLICTS:
        yield Sample(f"{MODEL}conflict", {"model": model, "kind": kind}, float(kind in now))


def _listed(listed: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """What there is to tell only of a model that the server lists."""
    size, vram = _number(listed.get("size")), _number(listed.get("size_vram"))
    yield "expiry_timestamp_seconds", _expiry(listed)
    yield "size_bytes", size
    yield "vram_bytes", vram
    yield "vram_ratio", vram / size if size and vram is not None else None
    yield "context_tokens", _number(listed.get("context_length"))


def _expiry(listed: Mapping[str, Any]) -> float | None:
    if listed.get("forever") is True:
        return math.inf
    try:
        return Expiry.parse(listed.get("expires_at")).moment.timestamp()
    except ExpiryError:
        return None


def _number(raw: Any) -> float | None:
    """What is read back from the state's file may be anything."""
    return float(raw) if is_number(raw) else None
