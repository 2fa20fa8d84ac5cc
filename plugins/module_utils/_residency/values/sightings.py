# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one look cannot judge, runner processes and timers: what two looks make of them. Pure: the clock is handed in.

A process that was stopped (`T`) answers nobody. One in uninterruptible sleep (`D`) may only wait for a disk: it hangs where a later look
finds it there still, with no CPU time between the two. A traced one (`t`) is somebody's debugger. What `/api/ps` does not list is loading.

The server's timers go by the monotonic clock, which neither jumps nor counts a suspended machine's sleep; an expiry is said by the wall clock.
So an expiry is believed when it is first seen, and followed by the monotonic clock from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

WAITING = "waiting"
UNLISTED = "unlisted"
TIMER = "timer"
CLOCK = "clock"
OOM_KILLS = "oom_kills"
KINDS = (WAITING, UNLISTED, TIMER, CLOCK, OOM_KILLS)
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
    with so much `cpu` time. Of a timer, `since` is when it ends; of the clocks, how far the wall clock is ahead of the monotonic one;
    what the kernel killed for want of memory is counted by `cpu`."""

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


@dataclass(frozen=True)
class Timer:
    """`left` until its expiry, by the wall clock, and the `longest` that there can be, in seconds."""

    left: float
    longest: float


def follow_timers(before: Mapping[str, Sighting], timers: Mapping[str, Timer], wall: float, now: float) -> dict[str, Sighting]:
    """What is to be remembered of timers, by the name of each; `wall` is the other clock, in seconds since 1970."""
    ahead = wall - now
    known = before.get(CLOCK)
    jump = ahead - known.since if known is not None else 0.0
    ends = {name: before.get(name) or Sighting(TIMER, 0, now + _left(timer, jump)) for name, timer in timers.items()}
    return {CLOCK: Sighting(CLOCK, 0, ahead), **ends} if ends else {}


def _left(timer: Timer, jump: float) -> float:
    """An expiry that is past when it is first seen may have been said before the wall clock jumped."""
    return min(timer.left + jump, timer.longest) if timer.left < 0 < jump else timer.left


def follow_kills(before: Mapping[str, Sighting], server: str, kills: int, now: float) -> tuple[int, dict[str, Sighting]]:
    """How many kills at that start of the server are new, and what is to be remembered of them."""
    name = f"{OOM_KILLS} {server}"
    known = before.get(name)
    return kills - (known.cpu if known else 0), {name: Sighting(OOM_KILLS, kills, now)} if kills else {}


def known_kills(sightings: Mapping[str, Sighting]) -> dict[str, Sighting]:
    """What is remembered of kills alone."""
    return {name: sighting for name, sighting in sightings.items() if sighting.kind == OOM_KILLS}


def with_kills_of(before: Mapping[str, Sighting], sightings: Mapping[str, Sighting]) -> dict[str, Sighting]:
    """These sightings, with the kills that were known `before`: those since then are new to the next look."""
    others = {name: sighting for name, sighting in sightings.items() if sighting.kind != OOM_KILLS}
    return {**others, **known_kills(before)}


def hangs(process: RunnerProcess, sightings: Mapping[str, Sighting], now: float) -> bool:
    """Whether a process that is not loading answers nobody."""
    known = sightings.get(process.identity)
    waits = known is not None and known.kind == WAITING and now - known.since >= HANGS_AFTER
    return process.state == STOPPED or waits
