# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that no library would write: keys twice, numbers that are none, and texts that are no JSON at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Raw:
    """A text that stands where a value should."""

    text: str


@dataclass(frozen=True)
class Pairs:
    """An object whose keys may come more than once."""

    pairs: Sequence[tuple[str, Any]]


def render(value: Any) -> str:
    """As text; what is no C(Raw) and no C(Pairs) as a library writes it."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, (dict, Pairs)):
        pairs = value.pairs if isinstance(value, Pairs) else value.items()
        return "{" + ",".join(f"{json.dumps(key)}:{render(inner)}" for key, inner in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(render, value)) + "]"
    return json.dumps(value)
