# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's status as one table, from what each host's C(ollama-warmup status --json) said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ._residency.display import HEADS, row
from ._residency.table import render

_NOT_FOUND = 127


def fleet_table(results: Mapping[str, Mapping[str, Any] | None], now: datetime) -> str:
    """C(results): by host, in the order of the table, the registered result of the status command, None without one."""
    rows = [line for host, result in results.items() for line in _rows(host, result, now)]
    cold = sum(1 for result in results.values() if not _is_warm(result))
    summary = f"{len(results) - cold} of {len(results)} hosts warm"
    return f"{render(('HOST', *HEADS), rows)}\n\n{summary}" if rows else summary


def _rows(host: str, result: Mapping[str, Any] | None, now: datetime) -> Iterator[Sequence[str]]:
    status = _status(result)
    if status is None:
        yield _remark(host, _trouble(result))
        return
    if not status["models"]:
        yield _remark(host, "no models are declared")
    for model in status["models"]:
        yield [host, *row(model, now)]
    if status["result"] != "warm":
        yield _remark(host, status["result"])


def _remark(host: str, text: str) -> Sequence[str]:
    return [host, "-", "-", text, *["-"] * (len(HEADS) - 3)]


def _is_warm(result: Mapping[str, Any] | None) -> bool:
    status = _status(result)
    return status is not None and status["exit"] == 0


def _status(result: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """None where the host did not answer with a status."""
    try:
        status = json.loads((result or {}).get("stdout") or "")
    except ValueError:
        return None
    return status if isinstance(status, dict) and {"models", "exit", "result"} <= status.keys() else None


def _trouble(result: Mapping[str, Any] | None) -> str:
    if not result or result.get("unreachable"):
        return "unreachable"
    if result.get("rc") in (None, _NOT_FOUND):
        return "no ollama-warmup here"
    return " ".join(str(result.get("stderr") or f"status ended with {result['rc']}").split())
