# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server of this host answers once it is started from its unit, and with which environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._base.layout import DROPIN
from .._base.systemctl import Run
from .._systemd import host
from .._systemd.assessment import Surroundings, assess, specifiers_of


@dataclass(frozen=True)
class Located:
    """Of a unit that is not there, nothing is known."""

    exists: bool = False
    url: str = ""
    environment: Mapping[str, str | None] = field(default_factory=dict)


def locate(run: Run, name: str) -> Located:
    """By the unit's files as they are on disk. Raises HostError."""
    unit = host.read_unit(run, name)
    folders = host.search_path(run)
    dropin = f"{host.administrators_folder(folders)}/{unit.name}.d/{DROPIN}"
    files = host.unit_files(unit, folders)
    own = next((file for file in files if file.path == dropin), None)
    around = Surroundings(host.read_manager(run), specifiers_of(unit.name, os.uname().nodename), host.environment_files)
    found = assess(files, dropin, own, around)
    return Located(unit.exists, found.address.url, found.values)
