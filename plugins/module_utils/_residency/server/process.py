# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of this machine, from /proc, which needs no privilege."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..._base.layout import names_in
from ..._base.proc import stat_fields

_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})$", re.ASCII)
_MODEL_OPTIONS = ("--model", "-m")
_ENGINES = ("docker", "nerdctl", "podman")
"""Whose command lines may name an image called ollama and its command."""


@dataclass(frozen=True)
class Process:
    """One process. `started` is in clock ticks since boot, `cpu` the CPU time that it has had in
    ticks, `state` the kernel's letter (proc(5))."""

    pid: int
    parent: int
    arguments: tuple[str, ...]
    started: int = 0
    state: str = "S"
    cpu: int = 0

    @property
    def identity(self) -> str:
        """Names it for ever, in a text."""
        return f"{self.pid}-{self.started}"

    @property
    def program(self) -> str:
        """What it calls itself."""
        return os.path.basename(self.arguments[0])

    @property
    def blob(self) -> str | None:
        """The sha256 of the weights that its command line names."""
        for option, value in zip(self.arguments, self.arguments[1:]):
            found = _BLOB.search(value) if option in _MODEL_OPTIONS else None
            if found:
                return found.group(1)
        return None

    @property
    def is_server(self) -> bool:
        """Whether it is `ollama serve`, and not a wrapper around one whose processes are elsewhere, as in a container."""
        pairs = zip(self.arguments, self.arguments[1:])
        return self.program not in _ENGINES and any(os.path.basename(program) == "ollama" and command == "serve" for program, command in pairs)


def read_process(pid: int, proc: str = "/proc") -> Process | None:
    """None for a process that ended meanwhile, zombies included (their command line is empty)."""
    fields = _stat(proc, pid)
    arguments = read(proc, str(pid), "cmdline").split("\0")[:-1]
    if not fields or not arguments or fields[0] in "ZX":
        return None
    cpu = int(fields[11]) + int(fields[12])
    return Process(pid, int(fields[1]), tuple(arguments), int(fields[19]), fields[0], cpu)


def all_processes(proc: str = "/proc") -> dict[int, Process]:
    """By their numbers; without those of the kernel, which have no command line."""
    found = (read_process(int(name), proc) for name in names_in(proc) if name.isdigit())
    return {process.pid: process for process in found if process}


def ancestors(process: Process, table: Mapping[int, Process]) -> Iterator[Process]:
    """Its parent, the parent of that, and so on."""
    seen = {process.pid}
    parent = table.get(process.parent)
    while parent and parent.pid not in seen:
        seen.add(parent.pid)
        yield parent
        parent = table.get(parent.parent)


def innermost_servers(table: Mapping[int, Process]) -> list[Process]:
    """Those that are `ollama serve`: an init that was told to start one has the same words on its command line.

    A process that a server has just forked has the very command line of the server until it becomes a runner, and is none.
    """
    servers = [process for process in table.values() if process.is_server and not _is_fork(process, table)]
    wrappers = {above.pid for server in servers for above in ancestors(server, table)}
    return [server for server in servers if server.pid not in wrappers]


def _is_fork(process: Process, table: Mapping[int, Process]) -> bool:
    parent = table.get(process.parent)
    return parent is not None and parent.arguments == process.arguments


def descendants(process: Process, table: Mapping[int, Process]) -> tuple[Process, ...]:
    """All that it started, and what those started."""
    return tuple(other for other in table.values() if any(above.pid == process.pid for above in ancestors(other, table)))


def users(processes: Iterable[Process], proc: str = "/proc") -> frozenset[int]:
    """Whom they run as, by number: their effective users."""
    ids = (read(proc, str(process.pid), "status").partition("\nUid:")[2].split() for process in processes)
    return frozenset(int(fields[1]) for fields in ids if len(fields) > 1)


def is_running(process: Process, proc: str = "/proc") -> bool:
    """Whether it has not ended, and its number is not another process's by now."""
    found = read_process(process.pid, proc)
    return found is not None and found.started == process.started


def read(proc: str, *path: str) -> str:
    """A file below /proc; empty where there is none."""
    try:
        with open(os.path.join(proc, *path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # it ended, or is hidden from us: either way not ours to judge
        return ""


def control_groups(proc: str, pid: int | str) -> list[str]:
    """The paths of a process's control groups: /proc/PID/cgroup has a line hierarchy:controllers:path for each hierarchy."""
    return [line.split(":", 2)[-1] for line in read(proc, str(pid), "cgroup").splitlines()]


def _stat(proc: str, pid: int) -> list[str]:
    try:
        return stat_fields(pid, proc)
    except OSError:  # it ended, or is hidden from us: either way not ours to judge
        return []
