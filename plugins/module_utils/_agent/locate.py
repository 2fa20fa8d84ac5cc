# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server of this host answers once it is started from its unit, with which environment, and over which network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._base.layout import DROPIN
from .._base.systemctl import Run
from .._systemd.in_container import has_own_network
from .._systemd.on_disk import read_on_disk


@dataclass(frozen=True)
class Located:
    """Of a unit that is not there, nothing is known. `container_network`: its port is one that Podman passes on into a container's network."""

    exists: bool = False
    url: str = ""
    environment: Mapping[str, str | None] = field(default_factory=dict)
    container_network: bool = False


def locate(run: Run, name: str) -> Located:
    """By the unit's files as they are on disk. Raises HostError."""
    found = read_on_disk(run, name, DROPIN)
    effective = found.effective
    return Located(found.unit.exists, effective.address.url, effective.values, has_own_network(found.files))
