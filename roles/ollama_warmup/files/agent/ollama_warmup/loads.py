# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loads of the last hour: what the budget and the end of a fight are told from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .plain import NUMBER, TEXT, typed


@dataclass(frozen=True)
class Load:
    """One load of ours. C(at) in seconds since 1970; C(action) is C(load), C(revive) or C(reload)."""

    at: float
    model: str
    action: str


def parse_load(raw: Mapping[str, Any]) -> Load:
    """Raises C(StateError)."""
    return Load(typed(raw, "at", NUMBER), typed(raw, "model", TEXT), typed(raw, "action", TEXT))
