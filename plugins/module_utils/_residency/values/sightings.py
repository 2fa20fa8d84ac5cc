# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runner processes that one look cannot judge: what two looks make of them. Pure: the clock is handed in.

A process that was stopped (`T`) answers nobody. One in uninterruptible sleep (`D`) may only wait for a disk: it hangs where a later look
finds it there still, with no CPU time between the two. A traced one (`t`) is somebody's debugger. What `/api/ps` does not list is loading.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

WAITING = "waiting"
UNLISTED = "unlisted"
KINDS = (WAITING, UNLISTED)
HANGS_AFTER = 10.0
"""Seconds in uninterruptible sleep without any CPU time."""
STOPPED = "T"
_UNINTERRUPTIBLE = "D"


@dataclass(frozen=True)
class RunnerProcess:
    """`identity` names it for ever, `blob` are the weights of its command line; `state` is the kernel's letter (proc(5)), `cpu` the CPU
    time that it has had, in clock ticks, `started` when it was started, in seconds since boot."""

    identity: str
    blob: str
    state: str = "S"
    cpu: int = 0
    started: float = 0.0


@dataclass(frozen=True)
class Sighting:
    """A process that is to be looked at again: of which `kind` it has been `since` then, in seconds of the host's monotonic clock,
    with so much `cpu` time."""

    kind: str
    cpu: int
    since: float


def process_id(identity: str | None) -> int | None:
    """The number of the process that has this name."""
    return int(identity.split("-")[0]) if identity else None


def follow(
    before: Mapping[str, Sighting], processes: Iterable[RunnerProcess], listed: Collection[str | None], now: float
) -> dict[str, Sighting]:
    """What is to be remembered of these processes, by identity; `listed` are the weights that `/api/ps` lists."""
    found = {}
    for process in processes:
        kind = _kind(process, listed)
        if kind is not None:
            known = before.get(process.identity)
            same = known is not None and known.kind == kind and (kind == UNLISTED or known.cpu == process.cpu)
            since = min(known.since, now) if known is not None and same else now
            found[process.identity] = Sighting(kind, process.cpu, since)
    return found


def _kind(process: RunnerProcess, listed: Collection[str | None]) -> str | None:
    if process.blob not in listed:
        return UNLISTED
    return WAITING if process.state == _UNINTERRUPTIBLE else None


def hangs(process: RunnerProcess, sightings: Mapping[str, Sighting], now: float) -> bool:
    """Whether a process that is not loading answers nobody."""
    known = sightings.get(process.identity)
    waits = known is not None and known.kind == WAITING and now - known.since >= HANGS_AFTER
    return process.state == STOPPED or waits
