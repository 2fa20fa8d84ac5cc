# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server did, for tests that assert from its side (for example: no load happened)."""

from __future__ import annotations

from collections import Counter
from typing import Any


class Counters:
    """Counts since the start or the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.requests: Counter[str] = Counter()  # "POST /api/generate"
        self.loads: Counter[str] = Counter()  # started runners by model name
        self.loads_by_blob: Counter[str] = Counter()
        self.reloads: Counter[str] = Counter()  # a runner replaced by one for the same blob
        self.evictions: Counter[str] = Counter()  # unloaded to make room for another
        self.unloads: Counter[str] = Counter()  # every end of a runner that the scheduler saw
        self.aborted_loads: Counter[str] = Counter()
        self.tokens = 0

    def as_json(self) -> dict[str, Any]:
        return {
            name: dict(value) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }
