# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keep_alive field of a request (api/types.go:Duration.UnmarshalJSON)."""

from __future__ import annotations

import math
from typing import Any

from . import go_duration
from .go_json import BadRequest

_GO_TYPES = {bool: "bool", list: "[]interface {}", dict: "map[string]interface {}"}


def parse(value: Any) -> int | None:
    """Nanoseconds, or None where the request leaves it to the runner.

    Any negative value is for ever (the largest int64). A number beyond the range of int64
    nanoseconds overflows to the smallest one, as on amd64. Raises BadRequest.
    """
    if value is None:
        return None
    if type(value) in _GO_TYPES:
        raise BadRequest(f"Unsupported type: '{_GO_TYPES[type(value)]}'")
    if isinstance(value, str):
        return _from_text(value)
    number = float(value)
    if math.isinf(number):
        raise BadRequest(f"json: cannot unmarshal number {value} into Go value of type float64")
    if number < 0:
        return go_duration.MAX
    nanoseconds = number * go_duration.SECOND
    return int(nanoseconds) if nanoseconds < 2.0**63 else go_duration.MIN


def _from_text(text: str) -> int:
    try:
        nanoseconds = go_duration.parse(text)
    except go_duration.DurationError as error:
        raise BadRequest(str(error)) from error
    return go_duration.MAX if nanoseconds < 0 else nanoseconds
