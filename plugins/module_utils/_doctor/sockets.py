# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on TCP, from /proc. Reads only; whose a socket is, only root learns."""

from __future__ import annotations

import os

from .._residency.server.sockets import listening_sockets, open_sockets
from .examination import Listener


def listeners(proc: str = "/proc") -> tuple[Listener, ...]:
    """Every listening socket. Raises `OSError` where /proc does not tell."""
    found = list(listening_sockets(proc))
    owners = _owners(proc, {socket.inode for socket in found})
    return tuple(_listener(proc, socket.host, socket.port, owners.get(socket.inode, 0)) for socket in found)


def _owners(proc: str, inodes: set[str]) -> dict[str, int]:
    """The first process found with each socket open."""
    owners: dict[str, int] = {}
    for pid in sorted((int(name) for name in os.listdir(proc) if name.isdigit()), reverse=True):
        for inode in inodes.intersection(open_sockets(pid, proc)):
            owners[inode] = pid  # the smallest at last: the parent, which opened it
    return owners


def _listener(proc: str, host: str, port: int, pid: int) -> Listener:
    return Listener(host, port, pid, _read(f"{proc}/{pid}/comm").strip() if pid else "", _unit(_read(f"{proc}/{pid}/cgroup")) if pid else "")


def _unit(cgroups: str) -> str:
    """The innermost service of a process's control group."""
    parts = [part for line in cgroups.splitlines() for part in line.split(":", 2)[-1].split("/") if part.endswith(".service")]
    return parts[-1] if parts else ""


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
