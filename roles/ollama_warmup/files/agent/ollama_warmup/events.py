# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators are told of, once each: values, told by whatever channels there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """`priority` is syslog's (3 error, 4 warning, 5 notice); `fields` are the details, in the order in which they are told."""

    priority: int
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
