# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of systemd's is ours: unit files and drop-ins by their mark, links to them, and what the manager still has in memory."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .._base import systemctl
from .._base.deployments import service_of
from .._base.layout import QUADLETS, UNITS, below
from .._base.systemctl import Run
from .._systemd.quadlet import is_generated_from
from .steps import RELOAD, REMOVE, REMOVE_FOLDER, RESET, STOP, RemovalError, Step

NOTHING = re.compile(r"(?!)")
_LINKED_FROM = re.compile(r"\.(wants|requires|upholds)$")
_PROPERTIES = ("Id", "LoadState", "ActiveState", "FragmentPath", "SourcePath", "DropInPaths")
_FOLDERS = (UNITS, QUADLETS)
_HEAD = 4096  # bytes; a mark is in the first lines
# What starts others goes first, then what these might have started; a service that ends may start a target.
_STOP_ORDER = ((".timer", ".path", ".socket"), (".service",), (".target",))


@dataclass(frozen=True)
class LoadedUnit:
    """A unit that the manager has in memory, with the files it read."""

    name: str
    load_state: str = "loaded"
    active_state: str = "inactive"
    fragment: str = ""
    dropins: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether there is something to stop."""
        return self.active_state not in ("inactive", "failed")


def loaded_units(run: Run) -> list[LoadedUnit]:
    """All that the manager has in memory. Raises `RemovalError`."""
    try:
        return [_loaded_unit(properties) for properties in systemctl.ask_all(run, _PROPERTIES, ["*"])]
    except systemctl.SystemctlError as error:
        raise RemovalError(str(error)) from error


def _loaded_unit(properties: Mapping[str, str]) -> LoadedUnit:
    fragment, source = properties.get("FragmentPath", ""), properties.get("SourcePath", "")
    return LoadedUnit(
        properties.get("Id", ""),
        properties.get("LoadState", ""),
        properties.get("ActiveState", ""),
        source if is_generated_from(fragment, source) else fragment,
        tuple(properties.get("DropInPaths", "").split()),
    )


@dataclass(frozen=True)
class Ours:
    """How a role's own is told: by mark and name; `orphans` is what was ours by its name alone, once the file is gone."""

    mark: str
    units: re.Pattern[str]
    dropins: re.Pattern[str]
    orphans: re.Pattern[str] = NOTHING


@dataclass(frozen=True)
class Units:
    """One role's part of systemd, as it is now. Paths are those of the host, whose top is `root`."""

    ours: Ours
    loaded: Sequence[LoadedUnit]
    root: str = "/"
    files: tuple[str, ...] = field(init=False)
    dropins: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        folders = [folder for top in _FOLDERS for folder in self._entries(top) if folder.endswith(".d")]
        object.__setattr__(self, "files", tuple(path for top in _FOLDERS for path in self._marked(top, self.ours.units)))
        object.__setattr__(self, "dropins", tuple(path for folder in folders for path in self._marked(folder, self.ours.dropins)))

    @property
    def names(self) -> set[str]:
        """Of what systemd has of the unit files."""
        return {service_of(path) for path in self.files}

    @property
    def units(self) -> list[LoadedUnit]:
        """In memory: of a file of ours, an instance of its template, too; or of one that was ours by its name and is gone."""
        return [unit for unit in self.loaded if unit.fragment in self.files or self._is_orphan(unit) or self._is_remnant(unit)]

    @property
    def is_stale(self) -> bool:
        """Whether the manager still has what was removed before: whoever did so came no further."""
        return any(self._is_orphan(unit) or any(map(self._is_lost_dropin, unit.dropins)) for unit in self.loaded)

    def remove_dropins(self) -> list[Step]:
        """And the folders that are empty without them."""
        return self.remove_all(self.dropins)

    def remove_links(self, names: Iterable[str]) -> list[Step]:
        """What starts these units by itself, as `systemctl disable` does; of instances, too, and of units that are gone."""
        wanted = set(names)
        folders = [folder for folder in self._entries(UNITS) if _LINKED_FROM.search(folder)]
        return self.remove_all(link for folder in folders for link in self._entries(folder) if self._leads_to(link, wanted))

    def remove_all(self, paths: Iterable[str]) -> list[Step]:
        """These, and the folders that are empty without them."""
        doomed = list(paths)
        folders = sorted({os.path.dirname(path) for path in doomed} - {*_FOLDERS})
        emptied = [folder for folder in folders if set(self._entries(folder)) <= set(doomed)]
        return [Step(REMOVE, path) for path in doomed] + [Step(REMOVE_FOLDER, folder) for folder in emptied]

    def stop(self, units: Iterable[LoadedUnit]) -> list[Step]:
        """Those that run, what starts others first."""
        return _stops(unit.name for unit in units if unit.runs)

    def stop_started(self) -> list[Step]:
        """What runs all the same, such as a pass that a timer began before it was stopped, and then what a service may have started as it ended,
        whether it runs already or its job still waits."""
        return _stops(unit.name for unit in self.units if unit.runs or unit.name.endswith(".target"))

    def reload(self, steps: Sequence[Step]) -> list[Step]:
        """What systemd is to take notice of, with the notice."""
        return [*steps, Step(RELOAD)] if steps or self.is_stale else []

    def forget(self, names: Collection[str]) -> list[Step]:
        """Failures of these units, and of those that were ours: `systemctl --failed` would show them for ever."""
        failed = (unit.name for unit in self.loaded if unit.active_state == "failed" and self._is_over(unit, names))
        shown = " ".join(sorted(failed))
        return [Step(RESET, shown)] if shown else []

    def text(self, path: str) -> str:
        """The beginning of a file."""
        try:
            with open(below(self.root, path), encoding="utf-8", errors="replace") as file:
                return file.read(_HEAD)
        except OSError:
            return ""

    def _marked(self, folder: str, names: re.Pattern[str]) -> Iterator[str]:
        for path in self._entries(folder):
            named = names.fullmatch(os.path.basename(path))
            if named and not os.path.islink(below(self.root, path)) and self.ours.mark in self.text(path):
                yield path

    def _entries(self, folder: str) -> list[str]:
        real = below(self.root, folder)
        return sorted(os.path.join(folder, name) for name in os.listdir(real)) if os.path.isdir(real) else []

    def _leads_to(self, link: str, names: set[str]) -> bool:
        real, name = below(self.root, link), os.path.basename(link)
        if not os.path.islink(real):
            return False
        target = os.readlink(real)
        dangles = self.ours.orphans.fullmatch(name) and self._is_gone(os.path.join(os.path.dirname(link), target))
        return bool(dangles) or not {name, os.path.basename(target)}.isdisjoint(names)

    def _is_orphan(self, unit: LoadedUnit) -> bool:
        return bool(unit.fragment.startswith(UNITS) and self.ours.orphans.fullmatch(unit.name)) and self._is_gone(unit.fragment)

    def _is_remnant(self, unit: LoadedUnit) -> bool:
        """Whether it goes on though systemd knows that its file is gone."""
        named = self.ours.orphans.fullmatch(unit.name) is not None
        return named and unit.load_state == "not-found" and unit.active_state != "inactive"

    def _is_over(self, unit: LoadedUnit, names: Collection[str]) -> bool:
        return unit.name in names or self._is_remnant(unit)

    def _is_lost_dropin(self, path: str) -> bool:
        return self.ours.dropins.fullmatch(os.path.basename(path)) is not None and self._is_gone(path)

    def _is_gone(self, path: str) -> bool:
        return not os.path.lexists(below(self.root, path))


def _stops(names: Iterable[str]) -> list[Step]:
    there = sorted(set(names))
    groups = (" ".join(name for name in there if name.endswith(kinds)) for kinds in _STOP_ORDER)
    return [Step(STOP, group) for group in groups if group]
