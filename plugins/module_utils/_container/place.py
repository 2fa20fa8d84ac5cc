# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the unit of a server in a container is, whose it is, and what is in its way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from .._base.deployments import DEPLOYMENTS
from .._base.files import read_bytes
from .._base.layout import QUADLETS_OF_USERS, UNITS, VENDOR_UNITS, below
from .._ownership.marks import is_marked, role_mark
from .._systemd.quadlet import search_folders
from .wanted import Wanted

_LIMIT = 1 << 20  # bytes
_HOMES = "/home"


@dataclass(frozen=True)
class Place:
    """`path`: of the unit that there is, empty where there is none. `is_ours`: also where there is none."""

    path: str
    is_ours: bool


def find_place(wanted: Wanted) -> Place:
    """Raises `OSError`."""
    deployment = DEPLOYMENTS[wanted.deployment]
    name = os.path.basename(deployment.unit_file(wanted.unit))
    path = next((f"{folder}/{name}" for folder in search_folders() if os.path.isfile(f"{folder}/{name}")), "")
    if not path:
        return Place("", True)
    may_be_ours = path == deployment.unit_file(wanted.unit) and not os.path.islink(path)
    return Place(path, may_be_ours and is_marked(path, read_bytes(path, _LIMIT), role_mark("ollama_server")))


def in_the_way(wanted: Wanted, root: str = "/") -> str:
    """A unit file of the service itself, which the service that Podman makes would hide, or be hidden by."""
    paths = (f"{folder}/{wanted.unit}" for folder in (UNITS, *VENDOR_UNITS))
    found = next((path for path in paths if os.path.lexists(below(root, path))), "")
    return f"{found} is a server of this host already, and a container does not take its place: stop it and remove that file" if found else ""


def of_a_user(wanted: Wanted, root: str = "/") -> str:
    """A unit of that name of a user's Podman."""
    name = os.path.basename(DEPLOYMENTS[wanted.deployment].unit_file(wanted.unit))
    found = next((f"{folder}/{name}" for folder in _folders_of_users(root) if os.path.isfile(below(root, f"{folder}/{name}"))), "")
    if not found:
        return ""
    return (
        f"{found} is of a user's Podman (rootless), to whose manager no unit of the system can be tied: move it to /etc/containers/systemd, or leave it"
        " and have its server looked after by its address (ollama_warmup_url)"
    )


def _folders_of_users(root: str) -> Iterator[str]:
    for folder, _names, _files in os.walk(below(root, QUADLETS_OF_USERS)):
        yield "/" + os.path.relpath(folder, root)
    for name in sorted(os.listdir(below(root, _HOMES))) if os.path.isdir(below(root, _HOMES)) else ():
        yield f"{_HOMES}/{name}/.config/containers/systemd"
