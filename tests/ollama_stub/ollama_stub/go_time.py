# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timestamps as Go's encoding/json writes them (RFC 3339, up to nine fraction digits)."""

from __future__ import annotations

import time


def rfc3339_nano(epoch_ns: int, *, utc: bool) -> str:
    """Format nanoseconds since 1970 in UTC or in the server's local time.

    Trailing zeros of the fraction are trimmed, and the fraction goes with them if it is all
    zeros; an offset of zero is written `Z`. Source: Go's time.RFC3339Nano.
    """
    seconds, fraction = divmod(epoch_ns, 1_000_000_000)
    moment = time.gmtime(seconds) if utc else time.localtime(seconds)
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    offset = "Z" if utc else _offset(moment.tm_gmtoff)
    return time.strftime("%Y-%m-%dT%H:%M:%S", moment) + digits + offset


def log_time(epoch_ns: int) -> str:
    """The form of slog's text handler: milliseconds, local time."""
    seconds, fraction = divmod(epoch_ns, 1_000_000_000)
    moment = time.localtime(seconds)
    millis = fraction // 1_000_000
    return time.strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{millis:03d}" + _offset(moment.tm_gmtoff)


def _offset(seconds: int) -> str:
    if seconds == 0:
        return "Z"
    sign = "+" if seconds > 0 else "-"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{sign}{hours:02d}:{minutes:02d}"
