# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one instance as plain data and as the text that C(status) prints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from keepwarm._base.text import printable
from keepwarm._residency.display import HEADS, ago, row
from keepwarm._residency.hold import Hold, hold_data
from keepwarm._residency.policy import DeclaredModel
from keepwarm._residency.table import render

from . import exits
from .configuration import Configuration
from .recent_history import history_data, history_lines
from .service import is_stopped
from .state import LastPass, State


def exit_status(service: Mapping[str, str], last_pass: LastPass | None, hold: Hold | None = None) -> int:
    """What the instance is now, as far as the last pass, systemd and an operator tell."""
    if is_stopped(service):
        return exits.STOPPED
    if hold:
        return exits.ON_HOLD
    return last_pass.exit if last_pass else exits.NOT_RESIDENT


def picture(
    name: str, configuration: Configuration, service: Mapping[str, str], state: State, hold: Hold | None
) -> dict[str, Any]:
    """Everything that C(status --json) prints."""
    last_pass = state.last_pass
    code = exit_status(service, last_pass, hold)
    return {
        "instance": name,
        "url": configuration.url,
        "unit": configuration.unit,
        "service": dict(service),
        "exit": code,
        "result": exits.WORDS.get(code, str(code)),
        "hold": hold_data(hold) if hold else None,
        "models": [_model(model, last_pass) for model in configuration.policy.models],
        "last_pass": vars(last_pass) if last_pass else None,
        "history": history_data(state),
    }


def describe(seen: Mapping[str, Any], now: float, deed: str = "last pass") -> str:
    """The same for a person; C(now) in seconds since 1970, C(deed) what it was that found it so."""
    clock = datetime.fromtimestamp(now, timezone.utc)
    rows = [row(model, clock) for model in seen["models"]]
    lines = [f"{seen['unit']} at {seen['url']}: {_service_words(seen['service'])}", _pass_words(seen["last_pass"], now, deed)]
    lines += [f"{seen['hold']['text']}; 'ollama-warmup release' ends it"] if seen["hold"] else []
    lines.append("")
    lines.append(render(HEADS, rows) if rows else "No models are declared.")
    if seen["last_pass"]:
        lines += [f"not warm: {text}" for text in seen["last_pass"]["failures"]]
        lines += [f"warning: {text}" for text in seen["last_pass"]["warnings"]]
    lines += history_lines(seen["history"], now)
    return printable("\n".join(lines))


def _model(model: DeclaredModel, last_pass: LastPass | None) -> dict[str, Any]:
    found = next((entry for entry in (last_pass.models if last_pass else ()) if entry["model"] == str(model.name)), None)
    declared = {"name": model.declared, "model": str(model.name), "policy": model.policy, "required": model.required}
    return {**(found or {"seen": False}), **declared}


def _service_words(service: Mapping[str, str]) -> str:
    if not service:
        return "systemd does not tell"
    if is_stopped(service):
        return "stopped"
    return f"{service.get('ActiveState', '?')} ({service.get('SubState', '?')})"


def _pass_words(last_pass: Mapping[str, Any] | None, now: float, deed: str) -> str:
    if last_pass is None:
        return "No pass has ended yet."
    word = exits.WORDS.get(last_pass["exit"], f"exit {last_pass['exit']}")
    return f"{deed} {ago(now - last_pass['at'])}: {word}, in {last_pass['seconds']:.1f} s"
