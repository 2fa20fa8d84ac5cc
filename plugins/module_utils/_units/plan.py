# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is wanted and what there is to steps. Functions of values: no file, no clock, no manager."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .found import Found, LoadedUnit
from .wanted import KEEP, RESTART, STOP, WantedSet, WantedUnit

TARGET = ".target"
_TRIGGERS = (".timer", ".path")


@dataclass(frozen=True)
class FilePlan:
    """What becomes of the files. `reload`: whether the manager is behind, or is going to be."""

    write: tuple[str, ...]
    remove: tuple[str, ...]
    unlink: tuple[str, ...]
    stop: tuple[str, ...]
    end: tuple[str, ...]
    reload: bool


@dataclass(frozen=True)
class RunPlan:
    """What becomes of the units, once the manager has read the files."""

    enable: tuple[str, ...]
    stop: tuple[str, ...]
    restart: tuple[str, ...]
    start: tuple[str, ...]


def plan_files(wanted: WantedSet, found: Found) -> FilePlan:
    """`stop`: units that go, before their files. `end`: those that refuse to be stopped while they have one, after it."""
    contents = wanted.contents()
    write = tuple(path for path, content in contents.items() if found.files.get(path) != content or path in found.altered)
    remove = tuple(sorted((path for path in found.files if path not in contents), key=_dropins_first))
    gone = [unit for unit in wanted.units if unit.content is None]
    running = [unit.service for unit in gone if _loaded(found, unit).runs and (unit.path in remove or _is_remnant(found, unit))]
    if any(name.endswith(".service") for name in running):
        # A service that is stopped may start a target as it ends.
        running += [unit.service for unit in gone if unit.path in remove and _is_idle_target(found, unit)]
    end = tuple(name for name in running if found.units[name].refuses_stop or _is_lost(found.units[name]))
    unlink = tuple(sorted(link for link in found.links for unit in gone if unit.path in remove and os.path.basename(link) == unit.name))
    stop = tuple(sorted((name for name in running if name not in end), key=_stop_order))
    return FilePlan(write, remove, unlink, stop, end, bool(write or remove) or is_behind(wanted, found))


def plan_run(wanted: WantedSet, found: Found, written: Iterable[str] = ()) -> RunPlan:
    """`written`: files that count as changed just now, of a run that only predicts."""
    there = [unit for unit in wanted.units if unit.content is not None]
    new = frozenset(written)
    enable = tuple(unit.name for unit in there if unit.links() and {*unit.links()} != _linked(found, unit))
    older = [unit for unit in there if _loaded(found, unit).runs and _is_older(found, unit, new)]
    servers = wanted.servers()
    exited = [unit.service for unit in there if unit.service not in servers and _loaded(found, unit).sub_state == "exited"]
    stop = tuple(dict.fromkeys([*exited, *(unit.service for unit in older if unit.when_older == STOP)]))
    restart = tuple(unit.service for unit in older if unit.when_older == RESTART and unit.service not in stop)
    start = tuple(unit.service for unit in there if unit.active and not _loaded(found, unit).runs)
    return RunPlan(enable, stop, restart, start)


def is_behind(wanted: WantedSet, found: Found, apart_from: Collection[str] = ()) -> bool:
    """Whether the manager has not read what is on disk of a unit, apart from some."""
    contents = wanted.contents()
    ours = {unit.service: unit.path for unit in wanted.units}
    for name, unit in found.units.items():
        if name in apart_from:
            continue
        has_file = ours.get(name) in found.files and ours.get(name) in contents
        if unit.stale or (has_file and unit.fragment != ours[name]) or (name in ours and _is_lost(unit)):
            return True
        if unit.load_state != "not-found" and not set(found.on_disk.get(name, ())) <= set(unit.dropins):
            return True
    return False


def _loaded(found: Found, unit: WantedUnit) -> LoadedUnit:
    return found.units.get(unit.service, LoadedUnit(unit.service))


def _is_older(found: Found, unit: WantedUnit, new: frozenset[str]) -> bool:
    """Whether it runs with what was there before."""
    loaded = _loaded(found, unit)
    paths = [unit.path, *unit.follows, *loaded.dropins]
    return unit.when_older != KEEP and any(path in new or found.changed.get(path, 0.0) > loaded.since for path in paths)


def _is_remnant(found: Found, unit: WantedUnit) -> bool:
    """Whether it goes on although its file is gone."""
    return unit.path not in found.files and _loaded(found, unit).load_state == "not-found"


def _is_lost(unit: LoadedUnit) -> bool:
    return unit.load_state == "not-found" and unit.runs


def _linked(found: Found, unit: WantedUnit) -> set[str]:
    return {link for link in found.links if os.path.basename(link) == unit.name}


def _dropins_first(path: str) -> tuple[bool, str]:
    """A unit that requires one that is gone does not start."""
    return not os.path.dirname(path).endswith(".d"), path


def _is_idle_target(found: Found, unit: WantedUnit) -> bool:
    loaded = _loaded(found, unit)
    return unit.name.endswith(TARGET) and loaded.load_state == "loaded" and not loaded.runs


def _stop_order(name: str) -> tuple[bool, bool, str]:
    """What starts others is stopped before them."""
    return name.endswith(TARGET), not name.endswith(_TRIGGERS), name
