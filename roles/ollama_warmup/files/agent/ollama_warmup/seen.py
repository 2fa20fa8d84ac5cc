# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a model was found by the last look that succeeded: what the cause of a later departure is told from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .plain import MAYBE_TEXT, NUMBER, StateError, typed


@dataclass(frozen=True)
class Seen:
    """C(at) in seconds since 1970, C(server) that start of it; C(listed) as a result's C(after), None where it was not in memory."""

    at: float
    server: str | None = None
    listed: Mapping[str, Any] | None = None


def parse_seen(raw: Mapping[str, Any]) -> Seen:
    """Raises C(StateError)."""
    listed = raw.get("listed")
    if listed is not None and not isinstance(listed, dict):
        raise StateError("listed is no object")
    return Seen(typed(raw, "at", NUMBER), typed(raw, "server", MAYBE_TEXT), listed)
