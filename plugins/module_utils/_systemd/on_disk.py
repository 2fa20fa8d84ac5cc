# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's unit as its files on disk have it, and what they come to."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .._base.systemctl import Run
from . import host
from .assessment import Assessment, Surroundings, assess, specifiers_of
from .unit_file import UnitFile


@dataclass(frozen=True)
class UnitOnDisk:
    """folders: where systemd looks for units. dropin: the path of ours, own: the file there, if there is one."""

    unit: host.Unit
    folders: list[str]
    files: list[UnitFile]
    dropin: str
    own: UnitFile | None
    around: Surroundings

    @property
    def effective(self) -> Assessment:
        """What the server would be started with."""
        return assess(self.files, self.dropin, self.own, self.around)


def read_on_disk(run: Run, unit_name: str, dropin_name: str) -> UnitOnDisk:
    """Read everything once. Raises HostError."""
    unit = host.read_unit(run, unit_name)
    folders = host.search_path(run)
    dropin = f"{host.administrators_folder(folders)}/{unit.name}.d/{dropin_name}"
    files = host.unit_files(unit, folders)
    own = next((file for file in files if file.path == dropin), None)
    around = Surroundings(host.read_manager(run), specifiers_of(unit.name, os.uname().nodename), host.environment_files)
    return UnitOnDisk(unit, folders, files, dropin, own, around)
