# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's status as one table, from what each host's `ollama-warmup status --json` said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.display import HEADS, row
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.tables import render

NOTHING = "nothing declared"
"""The result of a host that has no models to keep: neither warm nor cold."""
_NOT_FOUND = 127
_TOO_SLOW = (124, 137)  # as timeout(1) ends


def fleet_table(results: Mapping[str, Mapping[str, Any] | None], now: datetime) -> str:
    """`results`: by host, in the order of the table, the registered result of the status command, None without one.

    There is a column for the instances of hosts with several servers where there is such a host.
    """
    several = any(len(statuses(result)) > 1 for result in results.values())
    rows = [line for host, result in results.items() for line in _rows(host, result, now, several)]
    cold = sum(1 for result in results.values() if not _is_warm(result))
    summary = f"{len(results) - cold} of {len(results)} hosts warm"
    heads = ("HOST", *(["INSTANCE"] if several else []), *HEADS)
    return f"{render(heads, rows)}\n\n{summary}" if rows else summary


def _rows(host: str, result: Mapping[str, Any] | None, now: datetime, several: bool) -> Iterator[Sequence[str]]:
    found = statuses(result)
    if not found:
        yield _remark([host, *(["-"] if several else [])], trouble(result))
    for status in found:
        place = [host, *([str(status.get("instance", "-"))] if several else [])]
        try:
            yield from list(_lines(place, status, now))
        except (AttributeError, KeyError, TypeError, ValueError):  # an agent of another release; the other hosts have their lines all the same
            yield _remark(place, "its status cannot be read")


def _lines(place: Sequence[str], status: Mapping[str, Any], now: datetime) -> Iterator[Sequence[str]]:
    if not status["models"]:
        yield _remark(place, NOTHING)
    for model in status["models"]:
        yield [*place, *map(str, row(model, now))]
    if status["result"] not in ("warm", NOTHING):
        yield _remark(place, str(status["result"]))


def _remark(place: Sequence[str], text: str) -> Sequence[str]:
    return [*place, "-", "-", text, *["-"] * (len(HEADS) - 3)]


def _is_warm(result: Mapping[str, Any] | None) -> bool:
    """One with nothing declared is not, though nothing is wrong with it."""
    return said(result).get("exit") == 0 and any(status["result"] != NOTHING for status in statuses(result))


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
