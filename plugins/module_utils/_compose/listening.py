# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether it is a container's own processes that listen at an address. Its network is the host's, where another server may be the one that answers."""

from __future__ import annotations

from urllib.parse import urlsplit

from .._residency.server.process import all_processes, descendants
from .._residency.server.sockets import listening_sockets, open_sockets


def is_listening(pid: int, url: str, proc: str = "/proc") -> bool:
    """`pid`: of the container's first process, from which a script of the image's may have started the server; 0 where it has none. Raises `OSError`
    where /proc does not tell."""
    table = all_processes(proc)
    first = table.get(pid)
    if first is None:
        return False
    port = urlsplit(url).port
    inodes = {one.inode for one in listening_sockets(proc) if one.port == port}
    return any(not inodes.isdisjoint(open_sockets(one.pid, proc)) for one in (first, *descendants(first, table)))
