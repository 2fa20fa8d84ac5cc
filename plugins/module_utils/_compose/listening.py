# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether it is a container's own processes that listen at an address. Its network is the host's, where another server may be the one that answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from .._base.proc import stat_fields
from .._residency.server.sockets import listening_sockets, open_sockets

_PARENT = 1  # of the fields after the command


def is_listening(pid: int, url: str, proc: str = "/proc") -> bool:
    """`pid`: of the container's first process; 0 where it has none. Raises `OSError` where /proc does not tell."""
    if pid <= 0:
        return False
    port = urlsplit(url).port
    inodes = {one.inode for one in listening_sockets(proc) if one.port == port}
    return any(not inodes.isdisjoint(open_sockets(one, proc)) for one in _family(pid, proc))


def _family(pid: int, proc: str) -> set[int]:
    """The process and its descendants: the server may have been started by a script of the image's."""
    parents = dict(_parents(proc))
    found = {pid}
    grown = True
    while grown:
        younger = {child for child, parent in parents.items() if parent in found} - found
        grown = bool(younger)
        found |= younger
    return found


def _parents(proc: str) -> Iterator[tuple[int, int]]:
    for name in os.listdir(proc):
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError):  # it ended meanwhile
                yield int(name), int(stat_fields(int(name), proc)[_PARENT])
