# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a value is shown within a sentence."""

from __future__ import annotations

from typing import Any

_LONGEST = 100  # characters; a sentence is read by people
_LONGEST_QUOTE = 300
_UNITS = ("B", "kB", "MB", "GB", "TB")


def shown(raw: Any) -> str:
    """The value as Python writes it, on one line, cut where it is long."""
    text = repr(raw)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def quoted(text: str) -> str:
    """What somebody else said, on one line: white space is one blank, what cannot be printed a question mark."""
    line = " ".join(text.split())
    return "".join(character if character.isprintable() else "?" for character in line[:_LONGEST_QUOTE])


def human_bytes(count: int) -> str:
    """Decimal units, as Ollama prints them."""
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 100 else f"{amount:.1f} {_UNITS[unit]}"
