# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's status as text, readable for five hundred hosts: the worst first, what is well in a number, and a line for each group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.display import GOOD, HEADS, row, state_kind
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.tables import render

from ._fleet import NOTHING, said, statuses, trouble
from ._fleet_page.rows import BAD, DEGRADED, HELD, IDLE, WARM, host_order

_ALL = "-e keepwarm_show_all=true shows them"
_COUNTS = {"WARM": (WARM, DEGRADED), "DEGRADED": (DEGRADED,), "HELD": (HELD,), "NOTHING DECLARED": (IDLE,), "NOT WARM": (BAD,)}
"""What each column of a group's line counts; a degraded host is warm, too."""
_WARM = "warm"
"""The result of a server that is."""
Results = Mapping[str, Mapping[str, Any] | None]


def fleet_table(results: Results, now: datetime, groups: Mapping[str, Sequence[str]] | None = None, everything: bool = True) -> str:
    """`results`: by host, the registered result of the status command, None without one. `groups`: names of hosts by group. `everything`:
    also the lines of what is well.

    There is a column for the instances of hosts with several servers where there is such a host.
    """
    order = {host: host_order(host, result, now) for host, result in results.items()}
    several = any(len(statuses(result)) > 1 for result in results.values())
    worst_first = sorted(results, key=lambda host: order[host].key)
    rows = [line for host in worst_first if everything or order[host].kind != WARM for line in _rows(host, results[host], now, several, everything)]
    heads = ("HOST", *(["INSTANCE"] if several else []), *HEADS)
    kinds = {host: order[host].kind for host in results}
    parts = [render(heads, rows) if rows else "", _groups(kinds, groups or {}), _summary(results, kinds, everything)]
    return "\n\n".join(part for part in parts if part)


def _summary(results: Results, kinds: Mapping[str, str], everything: bool) -> str:
    warm = sum(1 for result in results.values() if _is_warm(result))
    hidden = 0 if everything else sum(1 for kind in kinds.values() if kind == WARM)
    note = f"{hidden} that are warm are not listed ({_ALL})\n" if hidden else ""
    return f"{note}{warm} of {len(results)} hosts warm"


def _groups(kinds: Mapping[str, str], groups: Mapping[str, Sequence[str]]) -> str:
    """A line for each group that is some of the hosts: one that is all of them would say what the last line says."""
    counted = {name: Counter(kinds[host] for host in set(hosts) if host in kinds) for name, hosts in sorted(groups.items())}
    lines = [
        [name, str(counts.total()), *(str(sum(counts[kind] for kind in wanted)) for wanted in _COUNTS.values())]
        for name, counts in counted.items()
        if 0 < counts.total() < len(kinds)
    ]
    return render(("GROUP", "HOSTS", *_COUNTS), lines) if lines else ""


def _rows(host: str, result: Mapping[str, Any] | None, now: datetime, several: bool, everything: bool) -> Iterator[Sequence[str]]:
    found = statuses(result)
    if not found:
        yield _remark([host, *(["-"] if several else [])], trouble(result))
    for status in found:
        place = [host, *([str(status.get("instance", "-"))] if several else [])]
        try:
            yield from list(_lines(place, status, now, everything))
        except (AttributeError, KeyError, TypeError, ValueError):  # an agent of another release; the other hosts have their lines all the same
            yield _remark(place, "its status cannot be read")
    if found and said(result).get("exit") != 0 and all(status["result"] in (_WARM, NOTHING) for status in found):
        yield _remark([host, *(["-"] if several else [])], "not warm: a server could not be looked at")


def _lines(place: Sequence[str], status: Mapping[str, Any], now: datetime, everything: bool) -> Iterator[Sequence[str]]:
    if not status["models"]:
        yield _remark(place, NOTHING)
    for model in status["models"]:
        line = [*place, *map(str, row(model, now))]
        if everything or state_kind(model) != GOOD:
            yield line
    if status["result"] not in (_WARM, NOTHING):
        yield _remark(place, str(status["result"]))


def _remark(place: Sequence[str], text: str) -> Sequence[str]:
    return [*place, "-", "-", text, *["-"] * (len(HEADS) - 3)]


def _is_warm(result: Mapping[str, Any] | None) -> bool:
    """One with nothing declared is not, though nothing is wrong with it."""
    return said(result).get("exit") == 0 and any(status["result"] != NOTHING for status in statuses(result))
