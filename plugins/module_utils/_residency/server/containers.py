# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server in a container of this machine that answers at a URL: its processes are processes of this machine like any other.

What listens at the port is often a proxy (docker-proxy, rootlessport, pasta) or nobody (rules of the kernel's packet filter), and only root
may ask an engine. So the question is put to the network itself: in whose network namespace does a connection to the URL arrive? Needs no
privilege, and holds for every engine, with root and without.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .process import Process, all_processes, ancestors, control_groups, descendants, innermost_servers, users
from .sockets import ListeningSocket, connections_to, listening_sockets, open_sockets

Connect = Callable[[str, int], "AbstractContextManager[Any]"]
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", re.ASCII)
_MONITORS = ("conmon", "containerd-shim")
"""An engine's process that stays with a container, and has its id on the command line."""
_PROXIES = (*_MONITORS, "docker-proxy", "dockerd", "podman", "rootlessport", "rootlesskit", "slirp4netns", "pasta")
"""What holds the port of a container for it."""
_CONNECTING = 2.0  # seconds
_PATIENCE = 0.3  # seconds for a proxy to pass a connection on
_ENDING = 2.0  # seconds for a server to notice the connection's end, which one on a busy machine does late
_PAUSE = 0.01


@dataclass(frozen=True)
class ContainerServer:
    """`ollama serve` in the container `id`, what it started, and the process of the engine that stays with it, where there is one. `group`
    is the container's control group; empty where it has none of its own."""

    id: str
    server: Process
    children: tuple[Process, ...]
    monitor: Process | None = None
    group: str = ""


def container_servers(proc: str = "/proc") -> list[ContainerServer]:
    """All of this machine; none where /proc hides other users' processes."""
    return _among(all_processes(proc), proc)


def _among(table: dict[int, Process], proc: str) -> list[ContainerServer]:
    own = {found for path in control_groups(proc, 1) for found in _ID.findall(path)}  # this machine may be a container itself
    found = (_contained(server, table, control_groups(proc, server.pid), own) for server in innermost_servers(table))
    return [container for container in found if container]


def container_server_at(url: str, proc: str = "/proc", connect: Connect | None = None, known: str | None = None) -> ContainerServer | None:
    """The one that answers there; None where none does, or it cannot be told which of several.

    `known` is the identity of the server that answered there before: where the network does not tell at this moment, as on a machine that
    is overloaded, it is still that one.
    """
    table = all_processes(proc)
    candidates = _among(table, proc)
    found = _answering(url, candidates, table, proc, connect or _connection) if candidates else []
    return found[0] if len(found) == 1 else next((one for one in candidates if one.server.identity == known), None)


def _answering(
    url: str, candidates: Sequence[ContainerServer], table: Mapping[int, Process], proc: str, connect: Connect
) -> list[ContainerServer]:
    host, port = _endpoint(url)
    with suppress(OSError):
        listening = list(listening_sockets(f"{proc}/1"))
        if _is_held_outside({found.inode for found in listening if found.port == port}, candidates, table, proc):
            return []
        shared = {found.inode for found in listening}
        sharing = [one for one in candidates if any(found.inode in shared for found in _listening(one, proc))]
        apart = [one for one in candidates if one not in sharing]
        reached = _reached(lambda: connect(host, port), apart, proc) if apart and port else []
        return reached or _on_the_hosts_network(port, sharing, proc, is_seen=bool(apart))
    return []


def _is_held_outside(inodes: Set[str], candidates: Sequence[ContainerServer], table: Mapping[int, Process], proc: str) -> bool:
    """Whether a process of the machine itself has one of these sockets, as far as who asks may see: then nobody has to be asked, which takes
    as long as a connection that comes nowhere is waited for."""
    contained = {process.pid for one in candidates for process in (one.server, *one.children)}
    among = table.values() if inodes else ()
    outside = (process for process in among if process.pid not in contained and not process.program.startswith(_PROXIES))
    return any(inodes & set(open_sockets(process.pid, proc)) for process in outside)


def container_server_of(start: str, proc: str = "/proc") -> ContainerServer | None:
    """The one whose server has that identity, for who has found it before."""
    return next((container for container in container_servers(proc) if container.server.identity == start), None)


def _contained(server: Process, table: dict[int, Process], groups: Iterable[str], own: set[str]) -> ContainerServer | None:
    """By the engine's process above it, else by its control group; None for one that is in no container."""
    monitor = next((above for above in ancestors(server, table) if above.program.startswith(_MONITORS)), None)
    named = [word for word in (monitor.arguments if monitor else ()) if _ID.fullmatch(word)]
    in_groups = [found for path in groups for found in _ID.findall(path) if found not in own]
    ids = named or in_groups
    if not ids:
        return None
    group = next((path for path in map(_of_container, groups) if ids[0] in path), "")
    return ContainerServer(ids[0], server, descendants(server, table), monitor, group)


def _of_container(path: str) -> str:
    """The control group's path as far as the last part that names a container."""
    parts = path.split("/")
    named = [index for index, part in enumerate(parts) if _ID.search(part)]
    return "/".join(parts[: named[-1] + 1]) if named else ""


def _on_the_hosts_network(port: int, sharing: Sequence[ContainerServer], proc: str, is_seen: bool) -> list[ContainerServer]:
    """Those that may have opened the socket. Whose it is root sees; everybody else, which user's it is.

    `is_seen`: only what root sees counts. Beside a container with a network of its own, the socket may be an engine's that hands the port on
    to that one, and a machine that is overloaded does not show it in time.
    """
    sockets = {found.inode: found.uid for found in listening_sockets(f"{proc}/1") if found.port == port}
    opened = {one.id: set(open_sockets(one.server.pid, proc)) for one in sharing}
    fitting = [one for one in sharing if users([one.server], proc) & set(sockets.values())]
    return [one for one in fitting if opened[one.id] & sockets.keys() or not (opened[one.id] or is_seen)]


def _reached(connect: Callable[[], AbstractContextManager[Any]], candidates: Sequence[ContainerServer], proc: str) -> list[ContainerServer]:
    """Those that a connection of ours comes to, and that it leaves again."""
    ports = {one.id: {found.port for found in _listening(one, proc)} for one in candidates}
    before = {one.id: _connections(one, ports[one.id], proc) for one in candidates}

    def arriving() -> dict[str, set[str]]:
        found = {one.id: _connections(one, ports[one.id], proc) - before[one.id] for one in candidates}
        return {key: new for key, new in found.items() if new}

    with connect():
        arrived = _until(arriving, bool, _PATIENCE)
    comers = [one for one in candidates if one.id in arrived]
    left = _until(lambda: {one.id for one in comers if arrived[one.id] - _connections(one, ports[one.id], proc)}, arrived.keys().__eq__, _ENDING)
    return [one for one in comers if one.id in left]


def _connections(one: ContainerServer, ports: Container[int], proc: str) -> set[str]:
    """To these ports in its network namespace."""
    with suppress(OSError):  # it ended meanwhile
        return set(connections_to(ports, f"{proc}/{one.server.pid}"))
    return set()


def _listening(one: ContainerServer, proc: str) -> list[ListeningSocket]:
    with suppress(OSError):  # it ended meanwhile
        return list(listening_sockets(f"{proc}/{one.server.pid}"))
    return []


def _until(look: Callable[[], Any], is_enough: Callable[[Any], bool], patience: float) -> Any:
    """The first look that shows enough, or the last one. The pauses grow: each look reads the tables of all candidates."""
    end, pause = time.monotonic() + patience, _PAUSE
    while True:
        found = look()
        if is_enough(found) or time.monotonic() >= end:
            return found
        time.sleep(pause)
        pause *= 2


def _connection(host: str, port: int) -> AbstractContextManager[Any]:
    return socket.create_connection((host, port), _CONNECTING)


def _endpoint(url: str) -> tuple[str, int]:
    """Port 0 for what is no URL."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return "", 0
