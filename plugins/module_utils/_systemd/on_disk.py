# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's unit as its files on disk have it, and what they come to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from .._base.deployments import SYSTEMD, Deployment
from .._base.systemctl import Run
from . import host
from .assessment import Assessment, Surroundings, assess, specifiers_of
from .in_container import inherited
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


def read_on_disk(run: Run, unit_name: str, dropin_name: str, deployment: Deployment = SYSTEMD) -> UnitOnDisk:
    """Read everything once. `deployment`: of a unit that is not there yet. Raises HostError."""
    unit = host.read_unit(run, unit_name)
    folders = host.search_path(run)
    dropin = dropin_path(unit, folders, dropin_name, deployment)
    files = host.unit_files(unit, folders)
    own = next((file for file in files if file.path == dropin), None)
    return UnitOnDisk(unit, folders, files, dropin, own, surroundings(run, unit, files))


def dropin_path(unit: host.Unit, folders: Sequence[str], name: str, deployment: Deployment = SYSTEMD) -> str:
    """Of ours for that unit. `deployment`: of one that is not there yet. Raises `HostError`."""
    way = unit.deployment if unit.exists else deployment
    return f"{host.administrators_folder(folders)}/{unit.name}.d/{name}" if way is SYSTEMD else way.dropin(unit.name, name)


def surroundings(run: Run, unit: host.Unit, files: Sequence[UnitFile]) -> Surroundings:
    """Of the server that the unit's files are about. Raises `HostError`."""
    manager = host.read_manager(run)
    given = inherited(run, manager, files) if unit.deployment.in_container else manager
    return Surroundings(given, specifiers_of(unit.name, os.uname().nodename), host.environment_files)
