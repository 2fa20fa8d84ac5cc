# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Untyped data of a host, read without ever failing: a page must show the other hosts whatever one of them said."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import one_line

_LAST_SECOND = 253402300799  # of the year 9999, the last that a date can have
_MOST = 2**63


def text(raw: Any) -> str:
    """One harmless line; empty for what is no text and no number."""
    return one_line(str(raw)) if isinstance(raw, (str, int, float)) and not isinstance(raw, bool) else ""


def text_list(raw: Any) -> list[str]:
    """The texts of a list; none for anything else."""
    return [text(item) for item in raw if text(item)] if isinstance(raw, (list, tuple)) else []


def mapping(raw: Any) -> Mapping[str, Any]:
    """The mapping; an empty one for anything else."""
    return raw if isinstance(raw, Mapping) else {}


def mappings(raw: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings of a list."""
    return (item for item in raw if isinstance(item, Mapping)) if isinstance(raw, (list, tuple)) else iter(())


def number(raw: Any) -> float | None:
    """A finite number that is not negative."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    return raw if 0 <= raw < _MOST and math.isfinite(raw) else None


def moment(raw: Any) -> datetime | None:
    """Seconds since 1970 as a moment in UTC."""
    seconds = number(raw)
    return None if seconds is None or seconds > _LAST_SECOND else datetime.fromtimestamp(seconds, timezone.utc)
