# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's state in words, as the host's and the fleet's status tables show it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..decide.drifts import BREAKING, DEGRADING
from ..values.keep_alive import Expiry, ExpiryError

HEADS = ("MODEL", "POLICY", "STATE", "UNTIL", "PROCESSOR", "CONTEXT", "DRIFT")
_STATES = {True: "resident", False: "not resident", None: "unknown"}
_PAST_STATES: Mapping[Any, str] = {True: "was resident", False: "was not resident"}
BAD, DEGRADED, IDLE, GOOD = "bad", "degraded", "idle", "good"
"""The kinds of a model's state, the worst first."""
KINDS = (BAD, DEGRADED, IDLE, GOOD)
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def row(model: Mapping[str, Any], now: datetime) -> list[str]:
    """One model (as in a module's `models` or the agent's status) under `HEADS`."""
    listed = model.get("after")
    return [
        model["name"],
        model["policy"] if model["required"] else f"{model['policy']} (optional)",
        state_word(model),
        until(listed, now),
        str(listed.get("processor", "-")) if listed else "-",
        str(listed.get("context_length", "-")) if listed else "-",
        ", ".join(model.get("drift") or ()) or "-",
    ]


def state_kind(model: Mapping[str, Any]) -> str:
    """What is not seen to be resident now is never good; a model that nobody requires may be away."""
    drift = model.get("drift") or ()
    if model.get("resident") is True and not model.get("past") and model.get("seen") is not False:
        return GOOD if DEGRADING.isdisjoint(drift) else DEGRADED
    return IDLE if not model["required"] and BREAKING.isdisjoint(drift) else BAD


def state_word(model: Mapping[str, Any]) -> str:
    """What is not of now says so."""
    if model.get("seen") is False:
        return "not looked at yet"
    if model.get("past"):
        return _PAST_STATES.get(model.get("was_resident"), "unknown")
    return _STATES.get(model.get("resident"), "unknown")


def until(listed: Mapping[str, Any] | None, now: datetime) -> str:
    """When a listed model leaves memory."""
    if listed is None:
        return "-"
    if listed.get("forever"):
        return "for ever"
    try:
        seconds = Expiry.parse(listed.get("expires_at")).remaining(now).total_seconds()
    except ExpiryError:
        return "?"
    return f"in {span(seconds)}" if seconds > 0 else f"over since {span(-seconds)}"


def ago(seconds: float) -> str:
    """How long ago something was."""
    return "just now" if seconds < 1 else f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """A length of time in its largest fitting unit: 4 minutes, 1 hour."""
    for name, size in _UNITS:
        count = int(seconds // size)
        if count:
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "less than a second"
