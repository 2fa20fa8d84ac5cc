# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one instance as plain data and as the text that `status` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from keepwarm._residency.report.display import BAD, DEGRADED, GOOD, HEADS, IDLE, KINDS, ago, row, state_kind
from keepwarm._residency.server.hold_file import Hold, hold_data
from keepwarm._residency.values.policy import DeclaredModel

from .. import exits
from ..configuration import Configuration
from ..service import is_stopped
from ..state.state import LastPass, State
from .recent_history import history_data, history_lines
from .terminal import GREEN, PLAIN, RED, YELLOW, Terminal

NOTHING = exits.WORDS[exits.UNDECLARED]
"""The result of a host that has no models to keep; it is neither warm nor cold."""
_COLOURS = {BAD: RED, DEGRADED: YELLOW, IDLE: None, GOOD: GREEN}
_SHADES = {exits.WARM: GREEN, exits.UNDECLARED: None}
_REMARKS = {"not warm": RED, "warning": YELLOW}


def exit_status(configuration: Configuration, service: Mapping[str, str], found: LastPass | None, hold: Hold | None = None) -> int:
    """What the instance is now, as far as a look, systemd and an operator tell. `found` is None where nobody needed to look."""
    if not configuration.policy.declared:
        return exits.BAD_CONFIGURATION
    if is_stopped(service):
        return exits.STOPPED
    if hold:
        return exits.ON_HOLD
    return found.exit if found else exits.NOT_RESIDENT


def status_data(
    name: str,
    configuration: Configuration,
    service: Mapping[str, str],
    state: State,
    hold: Hold | None,
    found: LastPass | None,
    unread: str = "",
    drain: Hold | None = None,
) -> dict[str, Any]:
    """Everything that `status --json` prints. `found` is what a look found now, `unread` why the state could not be read."""
    code = exit_status(configuration, service, found, hold)
    policy = configuration.policy
    return {
        "instance": name,
        "url": configuration.url,
        "unit": configuration.unit,
        "service": dict(service),
        "exit": code,
        "result": exits.WORDS.get(code, str(code)) if policy.models else NOTHING,
        "hold": hold_data(hold) if hold else None,
        "drain": {**hold_data(drain), "text": drain.told("drained")} if drain else None,
        "looked": _looked(found),
        "models": [_model(model, found, state.last_pass) for model in policy.models],
        "last_pass": vars(state.last_pass) if state.last_pass else None,
        "state_problem": unread or None,
        "history": history_data(state),
    }


def describe(seen: Mapping[str, Any], now: float, terminal: Terminal = PLAIN) -> str:
    """The same for a person; `now` in seconds since 1970. The worst model comes first."""
    lines = terminal.text(f"{seen['unit']} at {seen['url']}: {_service_words(seen['service'])}")
    lines += _pass_lines(seen, now, terminal)
    lines += terminal.text(f"{seen['hold']['text']}; 'ollama-warmup release' ends it", YELLOW, "on hold") if seen["hold"] else []
    lines += terminal.text(f"{seen['drain']['text']}; 'ollama-warmup undrain' ends it", YELLOW, "drained") if seen["drain"] else []
    lines.append("")
    lines += _table(seen["models"], datetime.fromtimestamp(now, timezone.utc), terminal)
    for label, text in _remarks(seen["looked"] or {}, seen["last_pass"] or {}):
        lines += terminal.text(f"{label}: {text}", _REMARKS.get(label), label)
    for line in history_lines(seen["history"], now):
        lines += terminal.text(line)
    return "\n".join(lines)


def _pass_lines(seen: Mapping[str, Any], now: float, terminal: Terminal) -> Iterator[str]:
    if seen["looked"]:
        looked = {**seen["looked"], "models": seen["models"]}
        yield from terminal.text(_pass_words(looked, now, "looked"), _SHADES.get(_ended(looked), RED), _word(looked))
    if seen["result"] == NOTHING:
        yield from terminal.text(f"{NOTHING}: there is no model to keep in memory")
    yield from terminal.text("The last pass cannot be told." if seen["state_problem"] else _pass_words(seen["last_pass"], now, "last pass"))


def _table(models: Sequence[Mapping[str, Any]], clock: datetime, terminal: Terminal) -> Sequence[str]:
    if not models:
        return ["No models are declared."]
    ordered = sorted(models, key=lambda model: KINDS.index(state_kind(model)))
    return terminal.table(HEADS, [row(model, clock) for model in ordered], [_COLOURS[state_kind(model)] for model in ordered], "STATE")


def _remarks(looked: Mapping[str, Any], last: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong now, and whatever else the last pass had to say; each with its label."""
    for key, words in (("failures", "not warm"), ("warnings", "warning")):
        now = looked.get(key) or ()
        yield from ((words, text) for text in now)
        yield from ((f"last pass: {words}", text) for text in last.get(key) or () if text not in now)


def _looked(found: LastPass | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"at": found.at, "seconds": found.seconds, "exit": found.exit, "failures": found.failures, "warnings": found.warnings}


def _model(model: DeclaredModel, found: LastPass | None, last_pass: LastPass | None) -> dict[str, Any]:
    """As it is now; where nobody could see, as the last pass found it, marked as past. A server that is stopped holds nothing."""
    declared = {"name": model.declared, "model": str(model.name), "policy": model.policy, "required": model.required}
    if found is None:
        return {**declared, "resident": False, "drift": [], "before": None, "after": None}
    now = _entry(model, found)
    if now is not None:
        return {**now, **declared}
    past = _entry(model, last_pass) if last_pass else None
    if past is None:
        return {"seen": False, **declared}
    return {**past, **declared, "past": True, "resident": None, "was_resident": past.get("resident")}


def _entry(model: DeclaredModel, found: LastPass) -> Mapping[str, Any] | None:
    return next((entry for entry in found.models if entry["model"] == str(model.name)), None)


def _service_words(service: Mapping[str, str]) -> str:
    if not service:
        return "systemd does not tell"
    if is_stopped(service):
        return "stopped"
    return f"{service.get('ActiveState', '?')} ({service.get('SubState', '?')})"


def _pass_words(found: Mapping[str, Any] | None, now: float, source: str) -> str:
    if found is None:
        return "No pass has ended yet."
    return f"{source} {ago(now - found['at'])}: {_word(found)}, {'after' if found['exit'] == exits.UNREACHABLE else 'in'} {_seconds(found['seconds'])}"


def _word(found: Mapping[str, Any]) -> str:
    return exits.WORDS.get(_ended(found), f"exit {found['exit']}")


def _ended(found: Mapping[str, Any]) -> int:
    return LastPass(at=0, seconds=0, exit=found["exit"], models=found["models"]).ended


def _seconds(count: float) -> str:
    return f"{count:.1f} s" if count < 10 else f"{count:.0f} s"
