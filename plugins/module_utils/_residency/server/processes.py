# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which weights blobs have a living runner process: read from /proc, which needs no privilege and costs the server nothing.

`/api/ps` goes on listing a runner that was killed (docs/ollama-semantics.md#crashed-runners), so that liveness is a question of
its own. A runner is a child of the unit's main process whose command line names its weights blob:
`ollama runner … --model …/sha256-…` before 0.30, `llama-server --model …/sha256-…` since. So is that of a server in a container of this
machine (`containers.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..values.observation import Runners
from ..values.sightings import RunnerProcess
from .containers import ContainerServer, container_server_at, container_server_of
from .process import Process, control_groups, descendants, innermost_servers, read, read_process, users

_INIT = "/init.scope"
_CONTROL_GROUPS = "/sys/fs/cgroup"


@dataclass(frozen=True)
class ServerProcesses:
    """`ollama serve` itself, and what it started. `group` is the control group of both, from the top; `container` the id of the
    container that they are in, where that is not one of the unit's own."""

    server: Process
    children: tuple[Process, ...]
    group: str = ""
    container: str = ""

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


def server_processes(unit: str, proc: str = "/proc", url: str = "", known: str | None = None) -> ServerProcesses | None:
    """The unit's processes now, else those of the container that answers at the URL, or did (`known`, by its identity); None where the
    server has no process here (remote, hidden)."""
    return _of_unit(unit, proc) or (_of_container(container_server_at(url, proc, known=known)) if url else None)


def processes_of_start(unit: str, start: str | None, proc: str = "/proc") -> ServerProcesses | None:
    """The same for who has no network to ask: the unit's, else those of the container whose server has that identity."""
    return _of_unit(unit, proc) or (_of_container(container_server_of(start, proc)) if start else None)


def _of_unit(unit: str, proc: str) -> ServerProcesses | None:
    processes = unit_processes(unit, proc)
    main = _main_process(processes)
    table = {process.pid: process for process in processes}
    servers = innermost_servers(table)
    if main is not None and main in servers:
        return ServerProcesses(main, tuple(process for process in processes if process != main), _unit_group(unit, main.pid, proc))
    if len(servers) != 1:
        return None
    # Below a script, or an engine that keeps a container's processes within the unit.
    return ServerProcesses(servers[0], descendants(servers[0], table), _unit_group(unit, servers[0].pid, proc))


def _of_container(found: ContainerServer | None) -> ServerProcesses | None:
    return ServerProcesses(found.server, found.children, found.group, found.id) if found else None


def unit_processes(unit: str, proc: str = "/proc") -> list[Process]:
    """All processes of the unit, whatever they are."""
    return list(_processes_of(unit, proc))


def living_runners(unit: str, proc: str = "/proc", url: str = "", known: str | None = None) -> Runners | None:
    """The server's runners now; None where it has no process here (remote, hidden)."""
    return runners_of(server_processes(unit, proc, url, known))


def runners_of(found: ServerProcesses | None) -> Runners | None:
    """The runners among these processes, with what the kernel tells of their server."""
    if found is None:
        return None
    return replace(found.runners, server=found.server.identity, oom_kills=_oom_kills(found.group), container=found.container)


def has_processes(unit: str, proc: str = "/proc") -> bool | None:
    """Whether the unit has any process at all; None where that cannot be seen (hidden, no systemd here)."""
    if _manager_root(proc) is None:
        return None
    return any(True for _process in _processes_of(unit, proc))


def users_of(unit: str, proc: str = "/proc") -> frozenset[int]:
    """The users whom the processes of a server that runs here run as, an engine's beside it among them; nobody where it has none here, or
    that is hidden."""
    return users(_processes_of(unit, proc), proc) if _of_unit(unit, proc) else frozenset()


def server_identity(unit: str, proc: str = "/proc", url: str = "", known: str | None = None) -> str | None:
    """Names one start of the server: its process's number and start time; of a server that is not here, those of the unit's main process."""
    found = server_processes(unit, proc, url, known)
    server = found.server if found else _main_process(unit_processes(unit, proc))
    return server.identity if server else None


def boot_id(proc: str = "/proc") -> str | None:
    """Names this boot of the host (random(4)); None where the kernel does not tell. Each boot starts the monotonic clock anew."""
    return read(proc, "sys/kernel/random/boot_id").strip() or None


def _main_process(processes: list[Process]) -> Process | None:
    """The one whose parent is not of the unit."""
    own = {process.pid for process in processes}
    return next((process for process in processes if process.parent not in own), None)


def _processes_of(unit: str, proc: str) -> Iterator[Process]:
    root = _manager_root(proc)
    for entry in os.listdir(proc) if root is not None else ():
        if entry.isdigit() and _in_unit(control_groups(proc, entry), unit, root or ""):
            process = read_process(int(entry), proc)
            if process is not None:
                yield process


def _manager_root(proc: str) -> str | None:
    """Below which control group this host's systemd puts its units: PID 1 is in ROOT/init.scope. The units of systems
    in containers on this host are elsewhere, whatever their names."""
    return next((path[: -len(_INIT)] for path in control_groups(proc, 1) if path.endswith(_INIT)), None)


def _in_unit(paths: list[str], unit: str, root: str) -> bool:
    """Whether one of the paths is ROOT/(SLICE/)*UNIT or below it."""
    for path in paths:
        slices, found, _below = (path + "/").partition(f"/{unit}/")
        inner = slices[len(root) :].split("/")[1:]
        if found and slices.startswith(root) and all(part.endswith(".slice") for part in inner):
            return True
    return False


def _unit_group(unit: str, pid: int, proc: str) -> str:
    """Only of the unified hierarchy."""
    paths = (line[3:] for line in read(proc, str(pid), "cgroup").splitlines() if line.startswith("0::"))
    slices, found, _below = next(paths, "").partition(f"/{unit}")
    return slices + found


def _oom_kills(group: str) -> int:
    """How many processes of the group the kernel has killed for want of memory; 0 where it does not tell (control groups of version 1)."""
    events = (line.split() for line in read(f"{_CONTROL_GROUPS}{group}", "memory.events").splitlines()) if group else ()
    return next((int(count) for name, count in events if name == "oom_kill"), 0)
