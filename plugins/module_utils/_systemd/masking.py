# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps credentials out of what is returned and printed. Pure."""

from __future__ import annotations

import re

MASK = "********"
_URL_CREDENTIALS = re.compile(r"(?:(?<=://)|^)[^/@\s]+(?=@)")
_SECRET_NAME = re.compile(r"(^|_)(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)


def masked(key: str, value: str | None) -> str | None:
    """The value of an environment variable with the credentials of its URLs hidden, or all of it by its name."""
    if value and _SECRET_NAME.search(key):
        return MASK
    return value if value is None else _URL_CREDENTIALS.sub(MASK, value)
