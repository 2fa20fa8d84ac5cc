# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models whose load fails, and when each is tried again: the delays grow, and outlive the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .plain import NUMBER, TEXT, WHOLE, typed


@dataclass(frozen=True)
class Retry:
    """C(failures) in a row, the C(reason) of the last; C(next_at) in seconds since 1970. C(digest) is what failed: other weights
    are tried at once."""

    failures: int
    next_at: float
    reason: str
    digest: str


def parse_retry(raw: Mapping[str, Any]) -> Retry:
    """Raises C(StateError)."""
    return Retry(typed(raw, "failures", WHOLE), typed(raw, "next_at", NUMBER), typed(raw, "reason", TEXT), typed(raw, "digest", TEXT))
