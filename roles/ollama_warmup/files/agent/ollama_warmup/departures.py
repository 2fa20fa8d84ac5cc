# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last times that a model was found not to be as declared, each once, with its cause and when it was put right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .plain import MAYBE_NUMBER, NUMBER, TEXT, texts, typed

MOST = 100
"""So many are remembered; the counts go on."""


@dataclass(frozen=True)
class Departure:
    """C(at), when it was noticed, and C(healed_at), None until then, are in seconds since 1970; C(drift) is what it was noticed by."""

    model: str
    cause: str
    cause_evidence: str
    at: float
    healed_at: float | None = None
    drift: tuple[str, ...] = ()


def parse_departure(raw: Mapping[str, Any]) -> Departure:
    """Raises C(StateError)."""
    return Departure(
        model=typed(raw, "model", TEXT),
        cause=typed(raw, "cause", TEXT),
        cause_evidence=typed(raw, "cause_evidence", TEXT),
        at=typed(raw, "at", NUMBER),
        healed_at=typed(raw, "healed_at", MAYBE_NUMBER),
        drift=texts(raw, "drift"),
    )
