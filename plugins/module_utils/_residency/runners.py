# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which weights blobs have a living runner process: read from /proc, which needs no privilege and costs the server nothing.

C(/api/ps) goes on listing a runner that was killed (server semantics, section 8), so that liveness is a question of
its own. A runner is a child of the unit's main process whose command line names its weights blob:
C(ollama runner … --model …/sha256-…) before 0.30, C(llama-server --model …/sha256-…) since.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .observation import Runners

_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})$", re.ASCII)
_MODEL_OPTIONS = ("--model", "-m")


@dataclass(frozen=True)
class Process:
    """One process of the server's unit."""

    pid: int
    parent: int
    arguments: tuple[str, ...]

    @property
    def blob(self) -> str | None:
        """The sha256 of the weights that its command line names."""
        for option, value in zip(self.arguments, self.arguments[1:]):
            found = _BLOB.search(value) if option in _MODEL_OPTIONS else None
            if found:
                return found.group(1)
        return None


def living_runners(unit: str, proc: str = "/proc") -> Runners | None:
    """The unit's runners now; None where the unit has no process here (remote, in a container, hidden)."""
    processes = list(_processes_of(unit, proc))
    own = {process.pid for process in processes}
    children = [process for process in processes if process.parent in own]
    if len(children) == len(processes):  # no main process among them: not a view of the whole unit
        return None
    return Runners(
        blobs=frozenset(process.blob for process in children if process.blob),
        complete=all(process.blob for process in children),
    )


def server_identity(unit: str, proc: str = "/proc") -> str | None:
    """Names one start of the server: the main process's number and start time (clock ticks since boot)."""
    processes = list(_processes_of(unit, proc))
    own = {process.pid for process in processes}
    for process in processes:
        if process.parent not in own:
            fields = _stat(proc, process.pid)
            return f"{process.pid}-{fields[19]}" if fields else None
    return None


def _processes_of(unit: str, proc: str) -> Iterator[Process]:
    for entry in os.listdir(proc):
        if entry.isdigit() and _in_unit(_read(proc, entry, "cgroup"), unit):
            process = _process(proc, int(entry))
            if process is not None:
                yield process


def _process(proc: str, pid: int) -> Process | None:
    """None for a process that ended meanwhile, zombies included (their command line is empty)."""
    fields = _stat(proc, pid)
    arguments = _read(proc, str(pid), "cmdline").split("\0")[:-1]
    if not fields or not arguments or fields[0] in "ZX":
        return None
    return Process(pid, int(fields[1]), tuple(arguments))


def _in_unit(cgroups: str, unit: str) -> bool:
    """/proc/PID/cgroup has a line hierarchy:controllers:path for each hierarchy; systemd's names the unit."""
    return any(unit in line.split(":", 2)[-1].split("/") for line in cgroups.splitlines())


def _stat(proc: str, pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command, which may itself hold spaces and parentheses."""
    return _read(proc, str(pid), "stat").rpartition(")")[2].split()


def _read(proc: str, *path: str) -> str:
    try:
        with open(os.path.join(proc, *path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # it ended, or is hidden from us: either way not ours to judge
        return ""
