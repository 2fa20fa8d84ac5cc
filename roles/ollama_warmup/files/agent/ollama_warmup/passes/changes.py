# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass changed, as events: the journal, notifications and metrics tell the same story. Nothing on a healthy pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keepwarm._residency.values.policy import Policy

from .. import exits
from ..events import Event
from ..journal import ERROR, NOTICE, WARNING
from ..state.incidents import Incident
from ..state.state import LastPass, State

_ACTS = ("set_expiry", "load", "revive", "reload")
_TOLD_TO_STOP = (exits.STOPPED, exits.INTERRUPTED)
_NOTHING = LastPass(at=0, seconds=0, exit=-1)


def changes(before: State, after: State, policy: Policy) -> Iterator[Event]:
    """What is to be told of the pass that left `after`."""
    last, end = before.last_pass or _NOTHING, after.last_pass or _NOTHING
    told = frozenset(incident.model for incident in _incidents(before, after))
    yield from _departed(before, after, policy)
    yield from _acts(end, told)
    yield from _slow_loads(before, after, policy)
    yield from _conflicts(before, after)
    grave = NOTICE if end.exit in _TOLD_TO_STOP else ERROR
    yield from (Event(grave, "not_warm", {"reason": text}) for text in _new(end.failures, last.failures))
    yield from (Event(WARNING, "warning", {"reason": text}) for text in _new(end.warnings, last.warnings))
    if end.ended != last.ended:
        yield Event(NOTICE, "pass", {"result": exits.WORDS[end.ended], "seconds": end.seconds, "models": len(end.models)})


def _incidents(before: State, after: State) -> Iterator[Incident]:
    """Those that began or ended."""
    known = {_key(incident): incident for incident in before.incidents}
    return (incident for incident in after.incidents if known.get(_key(incident)) != incident)


def _key(incident: Incident) -> tuple[object, ...]:
    return incident.model, incident.at, incident.drift


def _departed(before: State, after: State, policy: Policy) -> Iterator[Event]:
    """Both at once for what was put right by the pass that noticed it."""
    known = set(map(_key, before.incidents))
    models = {entry["model"]: entry for entry in (after.last_pass or _NOTHING).models}
    required = {str(model.name) for model in policy.models if model.required}
    for incident in _incidents(before, after):
        if _key(incident) not in known:
            grave = incident.breaks_residency and incident.model in required
            yield Event(WARNING if grave else NOTICE, "drift_detected", _story(incident))
        if not incident.is_open and models.get(incident.model, {}).get("after"):
            yield Event(NOTICE, "recovered", _end_of(incident, models.get(incident.model, {})))


def _story(incident: Incident) -> Mapping[str, object]:
    return {
        "model": incident.model,
        "drift": ",".join(incident.drift),
        "cause": incident.cause,
        "evidence": incident.cause_evidence,
        "by": ",".join(incident.by) or None,
    }


def _end_of(incident: Incident, model: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "model": incident.model,
        "drift": ",".join(incident.drift),
        "cause": incident.cause,
        "seconds": incident.seconds,
        "action": model.get("action"),
        "load_seconds": model.get("load_seconds"),
    }


def _acts(end: LastPass, told: frozenset[str]) -> Iterator[Event]:
    """What was done although nothing had departed: the first loads, and what was declared anew."""
    for model in end.models:
        if model["action"] in _ACTS and not model["failure"] and model["model"] not in told:
            yield Event(NOTICE, model["action"], {"model": model["model"], "seconds": model["load_seconds"], "cause": model["cause"]})
    for stray in end.undeclared:
        yield Event(NOTICE, stray["action"], {"model": stray["name"], "declared": "no", "keep_alive": stray["keep_alive"]})


def _slow_loads(before: State, after: State, policy: Policy) -> Iterator[Event]:
    limits = {str(model.name): model.slow_load_seconds for model in policy.models}
    for model, slow in after.counts.slow_loads.items():
        if slow > before.counts.slow_loads.get(model, 0):
            yield Event(WARNING, "slow_load", {"model": model, "seconds": after.counts.load_seconds.get(model), "declared": limits.get(model)})


def _conflicts(before: State, after: State) -> Iterator[Event]:
    known = {(conflict.model, conflict.kind) for conflict in before.conflicts}
    now = {(conflict.model, conflict.kind) for conflict in after.conflicts}
    for conflict in after.conflicts:
        if (conflict.model, conflict.kind) not in known:
            sides = ("declared", "found") if conflict.kind == "context" else ("by",)
            values = conflict.against if conflict.kind == "context" else (",".join(conflict.against) or None,)
            yield Event(WARNING, "conflict", {"model": conflict.model, "kind": conflict.kind, **dict(zip(sides, values))})
    for model, kind in sorted(known - now):
        yield Event(NOTICE, "conflict_resolved", {"model": model, "kind": kind})


def _new(texts: tuple[str, ...], known: tuple[str, ...]) -> list[str]:
    return [text for text in texts if text not in known]
