# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which weights blobs have a living runner process: read from /proc, which needs no privilege and costs the server nothing.

`/api/ps` goes on listing a runner that was killed (docs/ollama-semantics.md#crashed-runners), so that liveness is a question of
its own. A runner is a child of the unit's main process whose command line names its weights blob:
`ollama runner … --model …/sha256-…` before 0.30, `llama-server --model …/sha256-…` since.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..._base.proc import stat_fields
from ..values.observation import Runners
from ..values.sightings import RunnerProcess

_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})$", re.ASCII)
_INIT = "/init.scope"
_MODEL_OPTIONS = ("--model", "-m")
_CONTROL_GROUPS = "/sys/fs/cgroup"


@dataclass(frozen=True)
class Process:
    """One process of the server's unit. `started` is in clock ticks since boot, `cpu` the CPU time that it has had in
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
        return any(os.path.basename(program) == "ollama" and command == "serve" for program, command in pairs)


@dataclass(frozen=True)
class ServerProcesses:
    """`ollama serve` itself, and what it started."""

    server: Process
    children: tuple[Process, ...]

    @property
    def runners(self) -> Runners:
        """Which weights they are for."""
        blobs = [process.blob for process in self.children]
        told = tuple(_told(process, process.blob) for process in self.children if process.blob)
        starts = {process.blob: process.identity for process in self.children if process.blob}
        arguments = {process.blob: process.arguments for process in self.children if process.blob}
        return Runners(blobs=frozenset(starts), complete=all(blobs), starts=starts, arguments=arguments, processes=told)


def _told(process: Process, blob: str) -> RunnerProcess:
    started = process.started / os.sysconf("SC_CLK_TCK")
    return RunnerProcess(process.identity, blob, process.state, process.cpu, started)


def server_processes(unit: str, proc: str = "/proc") -> ServerProcesses | None:
    """The unit's processes now; None where its server has no process here (remote, in a container, hidden)."""
    processes = list(_processes_of(unit, proc))
    server = _main_process(processes)
    if server is None or not server.is_server:
        return None
    return ServerProcesses(server, tuple(process for process in processes if process != server))


def unit_processes(unit: str, proc: str = "/proc") -> list[Process]:
    """All processes of the unit, whatever they are."""
    return list(_processes_of(unit, proc))


def living_runners(unit: str, proc: str = "/proc") -> Runners | None:
    """The unit's runners now; None where its server has no process here (remote, in a container, hidden)."""
    found = server_processes(unit, proc)
    return replace(found.runners, server=found.server.identity, oom_kills=_oom_kills(unit, found.server.pid, proc)) if found else None


def has_processes(unit: str, proc: str = "/proc") -> bool | None:
    """Whether the unit has any process at all; None where that cannot be seen (hidden, no systemd here)."""
    if _manager_root(_read(proc, "1", "cgroup")) is None:
        return None
    return any(True for _process in _processes_of(unit, proc))


def users_of(unit: str, proc: str = "/proc") -> frozenset[int]:
    """The users whom the processes of a server that runs here run as; nobody where it has none here, or that is hidden."""
    found = server_processes(unit, proc)
    ids = (_read(proc, str(process.pid), "status").partition("\nUid:")[2].split() for process in ((found.server, *found.children) if found else ()))
    return frozenset(int(fields[1]) for fields in ids if len(fields) > 1)  # the effective one


def server_identity(unit: str, proc: str = "/proc") -> str | None:
    """Names one start of the server: the main process's number and start time."""
    server = _main_process(list(_processes_of(unit, proc)))
    return server.identity if server else None


def boot_id(proc: str = "/proc") -> str | None:
    """Names this boot of the host (random(4)); None where the kernel does not tell. Each boot starts the monotonic clock anew."""
    return _read(proc, "sys/kernel/random/boot_id").strip() or None


def is_running(process: Process, proc: str = "/proc") -> bool:
    """Whether it has not ended, and its number is not another process's by now."""
    found = _process(proc, process.pid)
    return found is not None and found.started == process.started


def _main_process(processes: list[Process]) -> Process | None:
    """The one whose parent is not of the unit."""
    own = {process.pid for process in processes}
    return next((process for process in processes if process.parent not in own), None)


def _processes_of(unit: str, proc: str) -> Iterator[Process]:
    root = _manager_root(_read(proc, "1", "cgroup"))
    for entry in os.listdir(proc) if root is not None else ():
        if entry.isdigit() and _in_unit(_read(proc, entry, "cgroup"), unit, root or ""):
            process = _process(proc, int(entry))
            if process is not None:
                yield process


def _manager_root(cgroups: str) -> str | None:
    """Below which control group this host's systemd puts its units: PID 1 is in ROOT/init.scope. The units of systems
    in containers on this host are elsewhere, whatever their names."""
    paths = _paths(cgroups)
    return next((path[: -len(_INIT)] for path in paths if path.endswith(_INIT)), None)


def _in_unit(cgroups: str, unit: str, root: str) -> bool:
    """Whether one of the paths is ROOT/(SLICE/)*UNIT or below it."""
    for path in _paths(cgroups):
        slices, found, _below = (path + "/").partition(f"/{unit}/")
        inner = slices[len(root) :].split("/")[1:]
        if found and slices.startswith(root) and all(part.endswith(".slice") for part in inner):
            return True
    return False


def _paths(cgroups: str) -> list[str]:
    """/proc/PID/cgroup has a line hierarchy:controllers:path for each hierarchy."""
    return [line.split(":", 2)[-1] for line in cgroups.splitlines()]


def _oom_kills(unit: str, pid: int, proc: str) -> int:
    """How many processes of the unit the kernel has killed for want of memory; 0 where it does not tell (control groups of version 1)."""
    paths = (line[3:] for line in _read(proc, str(pid), "cgroup").splitlines() if line.startswith("0::"))
    slices, found, _below = next(paths, "").partition(f"/{unit}")
    events = (line.split() for line in _read(f"{_CONTROL_GROUPS}{slices}{found}", "memory.events").splitlines())
    return next((int(count) for name, count in events if name == "oom_kill"), 0)


def _process(proc: str, pid: int) -> Process | None:
    """None for a process that ended meanwhile, zombies included (their command line is empty)."""
    fields = _stat(proc, pid)
    arguments = _read(proc, str(pid), "cmdline").split("\0")[:-1]
    if not fields or not arguments or fields[0] in "ZX":
        return None
    cpu = int(fields[11]) + int(fields[12])
    return Process(pid, int(fields[1]), tuple(arguments), int(fields[19]), fields[0], cpu)


def _stat(proc: str, pid: int) -> list[str]:
    try:
        return stat_fields(pid, proc)
    except OSError:  # it ended, or is hidden from us: either way not ours to judge
        return []


def _read(proc: str, *path: str) -> str:
    try:
        with open(os.path.join(proc, *path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # it ended, or is hidden from us: either way not ours to judge
        return ""
