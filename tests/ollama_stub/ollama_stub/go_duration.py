# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as Go's time package reads and prints them; all values are nanoseconds."""

from __future__ import annotations

import re

NANOSECOND = 1
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
MAX = 2**63 - 1
MIN = -(2**63)

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, micro sign
    "μs": 1_000,  # U+03BC, Greek letter mu
    "ms": 1_000_000,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_TERM = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)")


class DurationError(ValueError):
    """Text that time.ParseDuration refuses, with Go's words."""


def quote(text: str) -> str:
    """Quote like time.quote: double quotes, backslash before quotes and backslashes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse(text: str) -> int:
    """Nanoseconds of a Go duration such as "1h30m".

    Source: Go's time.ParseDuration. Raises DurationError with its message.
    """
    rest, negative = _sign(text)
    if rest == "0":
        return 0
    if not rest:
        raise DurationError(f"time: invalid duration {quote(text)}")
    total = 0
    while rest:
        value, rest = _term(rest, text)
        total += value
        if total > 2**63:
            raise DurationError(f"time: invalid duration {quote(text)}")
    if negative:
        return -total
    if total > MAX:
        raise DurationError(f"time: invalid duration {quote(text)}")
    return total


def _sign(text: str) -> tuple[str, bool]:
    if text[:1] in ("+", "-"):
        return text[1:], text[0] == "-"
    return text, False


def _term(rest: str, whole: str) -> tuple[int, str]:
    """The first number with its unit, in nanoseconds, and what follows it."""
    match = _TERM.match(rest)
    digits, fraction, unit = match.groups() if match else ("", None, "")
    if match is None or (not digits and (fraction is None or fraction == ".")):
        raise DurationError(f"time: invalid duration {quote(whole)}")
    if not unit:
        raise DurationError(f"time: missing unit in duration {quote(whole)}")
    if unit not in _UNITS:
        raise DurationError(f"time: unknown unit {quote(unit)} in duration {quote(whole)}")
    value = int(digits or "0") * _UNITS[unit]
    if fraction and fraction != ".":
        value += int(fraction[1:]) * _UNITS[unit] // 10 ** (len(fraction) - 1)
    return value, rest[match.end() :]


def text(nanoseconds: int) -> str:
    """Print like time.Duration.String, for example "1h30m0s" or "250ms"."""
    if nanoseconds == 0:
        return "0s"
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left < SECOND:
        return sign + _small(left)
    hours, left = divmod(left, HOUR)
    minutes, left = divmod(left, MINUTE)
    seconds = _trimmed(left, SECOND) + "s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else sign + seconds


def _small(nanoseconds: int) -> str:
    if nanoseconds < 1_000:
        return f"{nanoseconds}ns"
    if nanoseconds < 1_000_000:
        return _trimmed(nanoseconds, 1_000) + "µs"
    return _trimmed(nanoseconds, 1_000_000) + "ms"


def _trimmed(value: int, unit: int) -> str:
    whole, part = divmod(value, unit)
    if not part:
        return str(whole)
    return f"{whole}." + str(part).zfill(len(str(unit)) - 1).rstrip("0")
