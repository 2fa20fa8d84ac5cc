# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what answers at a server's address is that server: any local program may listen on a port that nobody holds,
as while systemd waits before it starts a server anew, and answer as it likes."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from ..._base.systemctl import Run, show
from .client import ServerUnreachable
from .processes import has_processes, users_of
from .sockets import listening_sockets

_PROPERTIES = ("LoadState", "ActiveState", "SubState")
_SECONDS = 3.0
_EVERYWHERE = ("0.0.0.0", "::")


class NotThisServer(ServerUnreachable):
    """Another program answers in the server's place."""


def require_processes(run: Run, unit: str, url: str, proc: str = "/proc") -> None:
    """Raise `NotThisServer` for a unit of this machine that is down. `run` asks systemd. Where that cannot be seen, nothing is raised.

    A unit that is `active` without a process has started its server elsewhere, as in a container; one that systemd does
    not know is none that could be down.
    """
    if has_processes(unit, proc) is not False:
        return
    state = show(run, unit, _PROPERTIES, _SECONDS)
    if state.get("LoadState", "not-found") == "not-found" or state.get("ActiveState") in (None, "active", "reloading"):
        return
    how = f"{state['ActiveState']} ({state.get('SubState', '?')})"
    raise NotThisServer(f"{unit} is {how} and has no process: whatever answers at {url} is another program")


def require_own_socket(unit: str, url: str, proc: str = "/proc") -> None:
    """Raise `NotThisServer` where the socket at the URL, which was read from the unit, was opened by a user whom none of the unit's
    processes runs as. Where that cannot be seen, nothing is raised."""
    users, owners = users_of(unit, proc), _listening_users(url, proc)
    if users and owners and not users & owners:
        raise NotThisServer(
            f"{unit} runs as user {min(users)}, but what listens at {url} is of user {min(owners)}: it is another program"
        )


def _listening_users(url: str, proc: str) -> frozenset[int]:
    """Of the sockets that a client of the URL may come to: those of its very address, else those of every interface."""
    parts = urlsplit(url)
    try:
        host, port = str(ip_address(parts.hostname or "")), parts.port or 80
        found = [socket for socket in listening_sockets(proc) if socket.port == port]
    except (OSError, ValueError):
        return frozenset()
    exact = [socket for socket in found if socket.host == host]
    return frozenset(socket.uid for socket in exact or [socket for socket in found if socket.host in _EVERYWHERE])
