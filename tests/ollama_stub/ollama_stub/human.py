# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and times for people, in the server's and the command line's wording (format/)."""

from __future__ import annotations

import math


def number(count: int) -> str:
    """Parameter counts: 148K, 218.13M, 8.2B (format.HumanNumber)."""
    if count >= 1_000_000_000:
        return _scaled(count / 1_000_000_000, 1) + "B"
    if count >= 1_000_000:
        return _scaled(count / 1_000_000, 2) + "M"
    return f"{count / 1000:.0f}K" if count >= 1000 else str(count)


def _scaled(value: float, decimals: int) -> str:
    return f"{value:.0f}" if value == math.floor(value) else f"{value:.{decimals}f}"


def binary_bytes(count: int) -> str:
    """Bytes in powers of 1024, as in the journal (format.HumanBytes2)."""
    for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def decimal_bytes(count: int) -> str:
    """Bytes in powers of 1000, as in the tables of the command line (format.HumanBytes)."""
    for size, unit in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "KB")):
        if count >= size:
            value = count / size
            if value < 10 and value != math.trunc(value):
                return f"{value:.1f} {unit}"
            return f"{int(value)} {unit}"
    return f"{count} B"


def relative_time(seconds_from_now: float) -> str:
    """For example "4 minutes from now" or "Forever" (format.HumanTime)."""
    if seconds_from_now > 0 and int(seconds_from_now / 3600) // 24 // 365 > 20:
        return "Forever"
    if seconds_from_now > 0:
        return _duration(seconds_from_now) + " from now"
    return _duration(-seconds_from_now) + " ago"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "Less than a second"
    if seconds < 2:
        return "1 second"
    if seconds < 60:
        return f"{int(seconds)} seconds"
    minutes = int(seconds / 60)
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    return _hours(math.floor(seconds / 3600 + 0.5))


def _hours(hours: int) -> str:
    if hours == 1:
        return "About an hour"
    for limit, size, unit in (
        (48, 1, "hours"),
        (24 * 14, 24, "days"),
        (24 * 60, 24 * 7, "weeks"),
        (24 * 365 * 2, 24 * 30, "months"),
    ):
        if hours < limit:
            return f"{hours // size} {unit}"
    return f"{hours // 24 // 365} years"
