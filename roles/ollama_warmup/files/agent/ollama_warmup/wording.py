# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as a person says them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


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


def until(listed: dict[str, Any] | None, now: float) -> str:
    """When a model leaves memory; C(listed) as in the last pass's C(after), C(now) in seconds since 1970."""
    if listed is None:
        return "-"
    if listed.get("forever"):
        return "for ever"
    try:
        moment = datetime.strptime(listed["expires_at"].split(".")[0].rstrip("Z"), "%Y-%m-%dT%H:%M:%S")
    except (KeyError, ValueError, AttributeError):
        return "?"
    remaining = moment.replace(tzinfo=timezone.utc).timestamp() - now
    return f"in {span(remaining)}" if remaining > 0 else f"over since {span(-remaining)}"
