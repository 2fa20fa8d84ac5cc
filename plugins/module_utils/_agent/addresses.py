# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of notifications as people write them, a list or one text."""

from __future__ import annotations

import re
from typing import Any

# A comma within an address, as between recipients, does not end it.
_BETWEEN = re.compile(r"[,\s]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


def read_addresses(raw: Any) -> list[str]:
    """The addresses of a list, or of a text with commas or blanks between them."""
    if isinstance(raw, str):
        return [address for address in _BETWEEN.split(raw.strip()) if address]
    return list(map(str, raw or ()))
