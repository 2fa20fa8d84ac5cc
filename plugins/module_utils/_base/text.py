# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that others wrote, made harmless before it is shown, logged or stored; and how values are shown in a sentence."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

_LONGEST_VALUE = 100  # characters; a sentence is read by people
LONGEST_LINE = 300
"""Characters of foreign text that one line shows."""
_UNITS = ("B", "kB", "MB", "GB", "TB")


def short_repr(value: Any) -> str:
    """The value as Python writes it, on one line, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """Foreign text on one line of at most `longest` characters: white space becomes one blank, and every character that
    cannot be printed (control characters, escape sequences, NUL, surrogates) a question mark."""
    line = " ".join(text[: 4 * longest].split())
    return "".join(character if character.isprintable() else "?" for character in line[:longest])


def printable(page: str) -> str:
    """A text of several lines for a terminal: its line breaks stay, and every other character that cannot be printed becomes a
    question mark."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in page)


def utc(moment: datetime | float) -> str:
    """A moment for a person, to the second and with its zone; a number is seconds since 1970. Data for programs is RFC 3339."""
    when = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, timezone.utc)
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def human_bytes(count: int) -> str:
    """Decimal units, as Ollama prints them."""
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 100 else f"{amount:.1f} {_UNITS[unit]}"
