# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server is in the middle of something: two looks a second apart at its list of models and at the CPU time of its runners."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from ..._base.proc import stat_fields
from ..values.observation import ResidentModel
from .client import OllamaServer, ServerFailure
from .processes import ServerProcesses, server_processes

SECONDS_BETWEEN = 1.0
_LONGEST_LOAD = 900.0
"""Seconds; a runner that no list has had for longer is left over, or serves weights whose name has others by now."""


@dataclass(frozen=True)
class Activity:
    """One look. `used` is the CPU time of each runner in clock ticks, by the process' identity; `blobs` are its weights, `ages` in
    seconds. `runners_seen` is false where the server's processes cannot be seen, `resident` None where it does not tell its models."""

    now: datetime | None = None
    resident: tuple[ResidentModel, ...] | None = None
    used: Mapping[str, int] = field(default_factory=dict)
    blobs: Mapping[str, str] = field(default_factory=dict)
    ages: Mapping[str, float] = field(default_factory=dict)
    runners_seen: bool = True

    @property
    def unseen(self) -> str | None:
        """What of it cannot be seen, as half a sentence."""
        if not self.runners_seen:
            return "its runners are not to be seen on this host"
        return "it does not tell its models" if self.resident is None else None


def busy_with(before: Activity, after: Activity, names: Mapping[str, str]) -> list[str]:
    """What the server is in the middle of, each as half a sentence; nothing where it is idle. `names` are models by their weights.

    What cannot be seen counts as idle: a server that hangs would else never be restarted.
    """
    listed = {model.name for model in after.resident or ()}
    grown = [identity for identity, used in after.used.items() if used > before.used.get(identity, used)]
    return [
        *(f"{names.get(after.blobs[identity], 'a model')} is computing" for identity in grown),
        *_loading(after, names, {str(name) for name in listed}),
        *_overdue(after),
    ]


def _loading(look: Activity, names: Mapping[str, str], listed: set[str]) -> Iterator[str]:
    """A runner of weights that no listed model has (docs/ollama-semantics.md#expiry)."""
    for identity, blob in look.blobs.items() if look.resident is not None else ():
        if names.get(blob) not in listed and look.ages.get(identity, 0) < _LONGEST_LOAD:
            yield f"{names.get(blob, 'a model')} is being loaded"


def _overdue(look: Activity) -> Iterator[str]:
    """While a later request runs, the list shows the expiry that was before it, which may be in the past."""
    for model in look.resident or ():
        moment = model.expiry.moment
        if moment is not None and look.now is not None and moment < look.now:
            yield f"{model.name} is to go as soon as it is idle"


@dataclass
class Watcher:
    """Looks at one server, whose processes are those of the systemd `unit`."""

    server: OllamaServer
    unit: str
    proc: str = "/proc"
    names: dict[str, str] = field(default_factory=dict)

    def look(self) -> Activity:
        """Never fails: what is not told is not known."""
        processes = server_processes(self.unit, self.proc, self.server.url)
        resident, now = self._resident()
        self._name(resident or ())
        runners = {process.identity: process for process in (processes.children if processes else ()) if process.blob}
        return Activity(
            now=now,
            resident=resident,
            used={identity: ticks for identity, process in runners.items() for ticks in _ticks(self.proc, process.pid)},
            blobs={identity: process.blob or "" for identity, process in runners.items()},
            ages={identity: _age(self.proc, process.started) for identity, process in runners.items()},
            runners_seen=_can_be_told(processes),
        )

    def wait_until_idle(self, seconds: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> tuple[list[str], Activity]:
        """What it is still in the middle of after so many `seconds`, and the last look."""
        end = clock() + seconds
        before = self.look()
        while True:
            sleep(SECONDS_BETWEEN)
            after = self.look()
            busy = busy_with(before, after, self.names)
            if not busy or clock() >= end:
                return busy, after
            before = after

    def _resident(self) -> tuple[tuple[ResidentModel, ...] | None, datetime | None]:
        try:
            return self.server.resident()
        except ServerFailure:
            return None, None

    def _name(self, resident: tuple[ResidentModel, ...]) -> None:
        known = set(self.names.values())
        for model in resident:
            if str(model.name) not in known:
                with suppress(ServerFailure):
                    blob = self.server.card(model.name).blob
                    self.names[blob or ""] = str(model.name)


def _can_be_told(processes: ServerProcesses | None) -> bool:
    return processes is not None and all(process.blob for process in processes.children)


def _age(proc: str, started: int) -> float:
    """Seconds since a moment in clock ticks since boot."""
    with suppress(OSError, ValueError, IndexError), open(os.path.join(proc, "uptime"), encoding="ascii") as file:
        return float(file.read().split()[0]) - started / os.sysconf("SC_CLK_TCK")
    return 0.0


def _ticks(proc: str, pid: int) -> Iterator[int]:
    """User and system time (proc(5), stat, fields 14 and 15); nothing of a process that is gone."""
    with suppress(OSError, ValueError, IndexError):
        fields = stat_fields(pid, proc)
        yield int(fields[11]) + int(fields[12])
