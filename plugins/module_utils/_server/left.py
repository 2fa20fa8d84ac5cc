# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that were declared once and are not any more: known by the files of the role that are left of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from .._base.deployments import QUADLET, service_of
from .._base.layout import DROPIN, UNITS
from .._ownership.server_files import TARGET, TEMPLATE


def left_units(files: Iterable[str], declared: Sequence[str], plain: str, several: bool) -> list[str]:
    """The units that are to be stopped, in their order. `plain`: that of a host's only server; `several`: whether the host has a list."""
    found = [service_of(path) for path in files if os.path.basename(path) == DROPIN]
    units = [unit for unit in found if unit.startswith("ollama@") or (several and unit == plain)]
    targets = [] if several else [os.path.basename(path) for path in files if path == f"{UNITS}/{TARGET}"]
    return [unit for unit in [*dict.fromkeys(units), *targets] if unit not in declared]


def left_files(files: Iterable[str], units: Iterable[str], several: bool) -> list[str]:
    """What goes, one by one: a server that is left is known by its drop-in, and stopped by its template."""
    services = sorted(unit for unit in units if unit.endswith(".service"))
    wanted = [path for unit in services for path in (f"{UNITS}/{unit}.d/{DROPIN}", QUADLET.dropin(unit), QUADLET.unit_file(unit))]
    wanted += [] if several else [f"{UNITS}/{TEMPLATE}", f"{UNITS}/{TARGET}"]
    there = set(files)
    return [path for path in wanted if path in there]
