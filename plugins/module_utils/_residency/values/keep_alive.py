# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a model stays loaded: keep_alive values and the expiry that `/api/ps` shows.

The table of what the server takes, and as what, is docs/ollama-semantics.md#keep_alive:
a request takes a number of seconds or a Go duration, the environment a Go duration or a
whole number; negative is for ever in both. `"-1"` in a request is a 400, `"1d"` in the
environment silently becomes five minutes. A `KeepAlive` is read from anything a person
would write and prints itself in a form that the place in question takes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import ROUND_DOWN, Decimal
from typing import Any, ClassVar

from ..._base.readers import InvalidValue
from ..._base.text import short_repr, utc

SECOND = 1_000_000_000
_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_MAX_NANOSECONDS = 2**63 - 1
_MAX_SECONDS = _MAX_NANOSECONDS // SECOND
_YEAR = timedelta(days=365)
FOREVER_AHEAD = 20 * _YEAR
"""An expiry further ahead than this is `Forever` to `ollama ps` too (format/time.go, humanTime)."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_GO_DURATION = re.compile(r"(?P<sign>[+-]?)(?P<parts>((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_GO_PART = re.compile(r"(\d+)?(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|z|[+-]\d{2}:\d{2})",
    re.ASCII,
)
_WANTED = "use seconds (300), a duration such as '30m' or '1h30m', or -1 for ever"


class KeepAliveError(InvalidValue):
    """A keep_alive that no server would take as it was meant; the message is one sentence."""


class ExpiryError(InvalidValue):
    """A timestamp that is not RFC 3339."""


@dataclass(frozen=True, order=True)
class KeepAlive:
    """How long a model stays loaded after its last request, in nanoseconds (as the server counts)."""

    nanoseconds: int
    FOREVER: ClassVar[KeepAlive]

    @classmethod
    def parse(cls, raw: Any) -> KeepAlive:
        """Read what a person wrote for keep_alive.

        Raises `KeepAliveError` with one sentence naming the value, what is wrong and what would be right.
        """
        if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
            raise KeepAliveError(f"keep_alive {short_repr(raw)} is a {_kind(raw)}, not a duration: {_WANTED}")
        nanoseconds = _from_text(raw) if isinstance(raw, str) else _from_number(raw)
        if nanoseconds < 0:
            return cls.FOREVER
        if nanoseconds > _MAX_NANOSECONDS:
            raise KeepAliveError(
                f"keep_alive {short_repr(raw)} is longer than the {_MAX_SECONDS} seconds the server can count"
                " (it would unload the model): use -1 for ever"
            )
        return cls(int(nanoseconds))

    @property
    def is_forever(self) -> bool:
        """Whether an expiry this far ahead counts as for ever."""
        return self.as_timedelta() > FOREVER_AHEAD

    def as_timedelta(self) -> timedelta:
        """The duration, to the microsecond."""
        return timedelta(microseconds=self.nanoseconds // 1_000)

    def as_request(self) -> int | str:
        """The value for a request's `keep_alive`: the number -1, or a Go duration."""
        return -1 if self.is_forever else self._as_go_duration()

    def as_environment(self) -> str:
        """The value for `OLLAMA_KEEP_ALIVE`."""
        return "-1" if self.is_forever else self._as_go_duration()

    def _as_go_duration(self) -> str:
        for unit in ("s", "ms", "us"):
            count, rest = divmod(self.nanoseconds, _UNITS[unit])
            if rest == 0:
                return f"{count}{unit}"
        return f"{self.nanoseconds}ns"

    def __str__(self) -> str:
        return "for ever" if self.is_forever else _readable(self.nanoseconds)


KeepAlive.FOREVER = KeepAlive(_MAX_NANOSECONDS)


@dataclass(frozen=True, order=True)
class Expiry:
    """When the server will drop a model, as `/api/ps` says it; an aware moment in UTC."""

    moment: datetime

    @classmethod
    def parse(cls, text: Any) -> Expiry:
        """Read Go's RFC3339Nano: 0-9 fraction digits, `Z` or any offset. Raises `ExpiryError`."""
        found = _RFC3339.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise ExpiryError(f"{short_repr(text)} is not an RFC 3339 timestamp")
        seconds, fraction, offset = found.groups()
        microseconds = (fraction or "").ljust(6, "0")[:6]
        zone = "+00:00" if offset in "Zz" else offset
        try:
            moment = datetime.strptime(f"{seconds.upper()}.{microseconds}{zone}", "%Y-%m-%dT%H:%M:%S.%f%z")
            return cls(moment.astimezone(timezone.utc))
        except (ValueError, OverflowError) as error:
            raise ExpiryError(f"{short_repr(text)} is not an RFC 3339 timestamp: {error}") from error

    def remaining(self, now: datetime) -> timedelta:
        """How long from `now`, the server's clock; negative when past."""
        return self.moment - now

    def is_forever(self, now: datetime) -> bool:
        """Whether the model stays until something other than its timer drops it."""
        return self.remaining(now) > FOREVER_AHEAD

    def shown(self) -> str:
        """For a person."""
        return utc(self.moment)

    def __str__(self) -> str:
        return self.moment.isoformat().replace("+00:00", "Z")


def _kind(raw: Any) -> str:
    return {bool: "boolean", type(None): "null", list: "list", dict: "mapping"}.get(type(raw), type(raw).__name__)


def _from_number(value: float) -> Decimal:
    """Nanoseconds; exact, since a negative number is for ever however small it is (docs/ollama-semantics.md#keep_alive-in-a-request)."""
    if isinstance(value, float) and not math.isfinite(value):
        raise KeepAliveError(f"keep_alive {value!r} is not a finite number: {_WANTED}")
    return Decimal(value) * SECOND


def _from_text(raw: str) -> Decimal:
    text = raw.strip()
    if not text:
        raise KeepAliveError(f"keep_alive {short_repr(raw)} is empty: {_WANTED}")
    if _NUMBER.fullmatch(text):
        return Decimal(text) * SECOND
    found = _GO_DURATION.fullmatch(text)
    if found is None:
        raise KeepAliveError(f"keep_alive {short_repr(raw)} is not a duration{_hint(text)}: {_WANTED}")
    total = sum((_part(*part) for part in _GO_PART.findall(found["parts"])), Decimal(0))
    return -total if found["sign"] == "-" else total


def _part(whole: str, fraction: str, unit: str) -> Decimal:
    """Cut to whole nanoseconds, as Go does."""
    return (Decimal(f"{whole or 0}.{fraction or 0}") * _UNITS[unit]).to_integral_value(ROUND_DOWN)


def _hint(text: str) -> str:
    if re.fullmatch(r"[+-]?[\d.]+\s*[dw].*", text):
        return " (hours are the longest unit the server knows)"
    return ""


def _readable(nanoseconds: int) -> str:
    """As a person writes it: 1h30m, 30m, 1.5s."""
    minutes, rest = divmod(nanoseconds, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest / SECOND:.9f}".rstrip("0").rstrip(".")
    parts = [(f"{hours}h", hours), (f"{minutes}m", minutes), (f"{seconds}s", rest)]
    return "".join(text for text, count in parts if count) or "0s"
