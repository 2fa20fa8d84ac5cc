# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cells of a row that take some reckoning: moments, memory, and the last drifts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import human_bytes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.display import ago, span
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import Expiry, ExpiryError

from .reading import mapping, mappings, moment, number, text, text_list

_SHOWN = 3
"""So many of a model's last drifts."""
_CLOCKS_DIFFER = -60.0  # seconds


@dataclass(frozen=True)
class Moment:
    """`words` at the time of writing; `at` None where there is no moment, such as for ever."""

    words: str
    at: datetime | None

    @property
    def stamp(self) -> str:
        """For a program: RFC 3339."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%SZ") if self.at else ""

    @property
    def shown(self) -> str:
        """For a person, in UTC."""
        return self.at.strftime("%Y-%m-%d %H:%M UTC") if self.at else ""


@dataclass(frozen=True)
class Vram:
    """`percent` of the model that is in VRAM, None where that is not known or not of now; `fit` says whether it fits."""

    percent: int | None
    size: str
    fit: str


@dataclass(frozen=True)
class Drifted:
    """One incident from the declaration: why, how long, when."""

    cause: str
    lasted: str
    is_open: bool
    when: Moment


def since(at: datetime, now: datetime) -> Moment:
    """A moment of a host's clock, and how long ago it was."""
    seconds = (now - at).total_seconds()
    return Moment(ago(seconds) if seconds > _CLOCKS_DIFFER else f"{span(-seconds)} ahead of this clock", at)


def looked(status: Mapping[str, Any], now: datetime) -> Moment:
    """When the host looked at its server."""
    at = moment(mapping(status.get("looked")).get("at"))
    return since(at, now) if at else Moment("not looked at", None)


def until(listed: Mapping[str, Any], now: datetime) -> Moment | None:
    """When a model that is listed leaves memory."""
    if not listed:
        return None
    if listed.get("forever") is True:
        return Moment("for ever", None)
    try:
        at = Expiry.parse(listed.get("expires_at")).moment
    except ExpiryError:
        return Moment("not known", None)
    seconds = (at - now).total_seconds()
    return Moment(f"in {span(seconds)}" if seconds > 0 else f"over since {span(-seconds)}", at)


def vram(listed: Mapping[str, Any], set_aside: Mapping[str, Any], is_past: bool) -> Vram | None:
    """The share of a model that is in VRAM; where it is not in memory, what is known of whether it fits."""
    size, inside = number(listed.get("size")), number(listed.get("size_vram"))
    if size and inside is not None:
        percent, shown = min(100, int(100 * inside / size)), human_bytes(int(size))
        return Vram(None, "", f"was {percent} % of {shown}") if is_past else Vram(percent, shown, _fit(percent))
    if set_aside:
        rivals = " and ".join(text_list(set_aside.get("rivals"))) or "the other models"
        return Vram(None, "", f"did not fit beside {rivals}")
    return None


def _fit(percent: int) -> str:
    if percent == 100:
        return "fits"
    return "does not fit, the rest is on the CPU" if percent else "runs on the CPU"


def last_drifts(history: Mapping[str, Any], model: str, now: datetime) -> Sequence[Drifted]:
    """The last few of this model, the newest first."""
    own = [incident for incident in mappings(history.get("incidents")) if text(incident.get("model")) == model]
    return [_drifted(incident, now) for incident in own[:_SHOWN]]


def _drifted(incident: Mapping[str, Any], now: datetime) -> Drifted:
    by = " and ".join(text_list(incident.get("by")))
    cause = text(incident.get("cause")) or "unknown"
    at, seconds = moment(incident.get("at")), number(incident.get("seconds"))
    return Drifted(
        cause=f"{cause} by {by}" if by else cause,
        lasted="not back yet" if seconds is None else f"back after {_length(seconds)}",
        is_open=seconds is None,
        when=since(at, now) if at else Moment("at an unknown time", None),
    )


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else span(seconds)
