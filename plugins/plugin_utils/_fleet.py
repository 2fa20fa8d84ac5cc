# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host's `ollama-warmup status --json` said, or why it said nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

NOTHING = "nothing declared"
"""The result of a host that has no models to keep: neither warm nor cold."""
_NOT_FOUND = 127
_TOO_SLOW = (124, 137)  # as timeout(1) ends


def statuses(result: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """One for each server of the host; nothing where it did not answer with a status."""
    status_data = said(result)
    found = status_data["instances"] if isinstance(status_data.get("instances"), list) else [status_data]
    return [status for status in found if isinstance(status, dict) and {"models", "exit", "result"} <= status.keys()]


def said(result: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the status command printed; empty where that is no JSON object."""
    try:
        data = json.loads((result or {}).get("stdout") or "")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def trouble(result: Mapping[str, Any] | None) -> str:
    """Why a host gave no status."""
    if not result or result.get("unreachable"):
        return "unreachable"
    if result.get("rc") in (None, _NOT_FOUND):
        return "no ollama-warmup here"
    if result["rc"] in _TOO_SLOW:
        return "did not answer in time"
    return " ".join(str(result.get("stderr") or f"status ended with {result['rc']}").split())
