# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as text: one file that asks for nothing else, and in which whatever a host said is text."""

from __future__ import annotations

import base64
import hashlib
import pathlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from .cells import Moment
from .rows import BAD, DEGRADED, HELD, IDLE, KINDS, WARM, Row, fleet_rows, host_kinds

_FOLDER = pathlib.Path(__file__).parent
_HEADS = ("Host", "Host is", "Model", "Model is", "In memory until", "In VRAM", "Why, and the last drifts", "Looked")
_WORDS = {BAD: "not warm", DEGRADED: "degraded", HELD: "on hold or stopped", IDLE: "nothing declared", WARM: "warm"}
_NEVER = 1e15  # later than any moment, in seconds since 1970


def fleet_page(results: Mapping[str, Mapping[str, Any] | None], now: datetime) -> str:
    """The HTML. `results`: by host, the registered result of the status command, None without one; `now` in UTC."""
    rows = fleet_rows(results, now)
    kinds = host_kinds(rows)
    style, script = _part("page.css"), _part("page.js")
    return _template().render(
        summary=_summary(kinds),
        hosts=len(kinds),
        kinds=_counts(kinds.values()),
        host_kinds=kinds,
        severity={kind: place for place, kind in enumerate(KINDS)},
        heads=_HEADS,
        rows=rows,
        written=Moment("just now", now),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        until_key=_until_key,
        vram_key=_vram_key,
        drift_key=_drift_key,
        looked_key=_looked_key,
    )


def _summary(kinds: Mapping[str, str]) -> str:
    warm = sum(kind in (DEGRADED, WARM) for kind in kinds.values())
    return f"{warm} of {len(kinds)} hosts warm"


def _counts(kinds: Iterable[str]) -> list[tuple[str, str, int]]:
    counts = Counter(kinds)
    return [(kind, _WORDS[kind], counts[kind]) for kind in KINDS if counts[kind]]


def _until_key(row: Row) -> float:
    """Whatever leaves first comes first; what is not in memory before all."""
    if row.until is None:
        return -1
    return row.until.at.timestamp() if row.until.at else _NEVER


def _vram_key(row: Row) -> int:
    return -1 if row.vram is None or row.vram.percent is None else row.vram.percent


def _drift_key(row: Row) -> float:
    """The newest drift, in seconds since 1970."""
    moments = [drift.when.at.timestamp() for drift in row.last if drift.when.at]
    return max(moments, default=0)


def _looked_key(row: Row) -> float:
    return row.looked.at.timestamp() if row.looked.at else -1


@cache
def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_part("page.html.j2"))


def _hash(content: str) -> str:
    """As a Content-Security-Policy names what may run, so that nothing that came from a host ever does."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
