# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what answers at a server's address is that server: any local program may listen on a port that nobody holds,
as while systemd waits before it starts a server anew, and answer as it likes."""

from __future__ import annotations

from .._base.systemctl import show
from .runners import has_processes
from .server import ServerUnreachable

_PROPERTIES = ("LoadState", "ActiveState", "SubState")
_SECONDS = 3.0


class NotThisServer(ServerUnreachable):
    """Another program answers in the server's place."""


def require_processes(unit: str, url: str, proc: str = "/proc") -> None:
    """Raise C(NotThisServer) for a unit of this machine that is down. Where that cannot be seen, nothing is raised.

    A unit that is C(active) without a process has started its server elsewhere, as in a container; one that systemd does
    not know is none that could be down.
    """
    if has_processes(unit, proc) is not False:
        return
    state = show(unit, _PROPERTIES, _SECONDS)
    if state.get("LoadState", "not-found") == "not-found" or state.get("ActiveState") in (None, "active", "reloading"):
        return
    how = f"{state['ActiveState']} ({state.get('SubState', '?')})"
    raise NotThisServer(f"{unit} is {how} and has no process: whatever answers at {url} is another program")
