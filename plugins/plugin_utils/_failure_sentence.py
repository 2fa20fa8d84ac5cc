# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a task failed, in one sentence, also where the task was a loop, whose own message says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ITEMS = "results"
_SAID = ("msg", "reason", "stderr", "stdout")


def failure_sentence(result: Mapping[str, Any], task: str) -> str:
    """The message of the task, or of the first item of its loop that failed."""
    failed = next((item for item in result.get(_ITEMS) or [] if isinstance(item, Mapping) and item.get("failed")), result)
    said = next((_line(failed[key]) for key in _SAID if failed.get(key)), "")
    return said.rstrip(".") or f"the task '{task}' failed"


def _line(text: Any) -> str:
    """An assertion's message may be a list."""
    return " ".join((". ".join(map(str, text)) if isinstance(text, list) else str(text)).split())
