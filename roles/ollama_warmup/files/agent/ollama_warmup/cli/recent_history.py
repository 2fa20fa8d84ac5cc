# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `status` tells of the past: the last incidents, what is to be tried again, and what others keep undoing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keepwarm._residency.report.display import ago, span

from ..state.state import State

_SHOWN = 5


def history_data(state: State) -> dict[str, Any]:
    """As plain data: the newest incident first. `warmed` and `set_aside` hold for the server's start `server`."""
    return {
        "server": state.server,
        "warmed": sorted(map(str, state.warmed)),
        "set_aside": {str(name): vars(aside) for name, aside in state.set_aside.items()},
        "incidents": [{**vars(incident), "seconds": incident.seconds} for incident in reversed(state.incidents)],
        "retries": {model: vars(retry) for model, retry in sorted(state.retries.items())},
        "conflicts": [vars(conflict) for conflict in state.conflicts],
        "counts": vars(state.counts),
    }


def history_lines(history: Mapping[str, Any], now: float) -> Iterator[str]:
    """The same for a person; `now` in seconds since 1970."""
    for conflict in history["conflicts"]:
        against = " and ".join(conflict["against"]) or "another model"
        about = f"context ({against})" if conflict["kind"] == "context" else f"place in memory (taken by {against})"
        yield f"conflict: {conflict['model']} does not keep its {about}, since {ago(now - conflict['at'])}"
    for model, retry in history["retries"].items():
        times = f"failed {retry['failures']} time{'' if retry['failures'] == 1 else 's'}"
        wait = retry["next_at"] - now
        yield f"retry: {model} {times}, is tried again {f'in {span(wait)}' if wait > 0 else 'at the next pass'}"
    for incident in history["incidents"][:_SHOWN]:
        yield f"departed: {incident['model']} {ago(now - incident['at'])}: {_story(incident)}"


def _story(incident: Mapping[str, Any]) -> str:
    by = f" by {', '.join(incident['by'])}" if incident["by"] else ""
    end = "not back yet" if incident["seconds"] is None else f"back after {incident['seconds']:.1f} s"
    return f"{incident['cause']}{by} ({incident['cause_evidence']}), {end}"
