# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment a unit gives its service, and which file gave each variable (systemd.exec(5)). Pure.

Order of precedence, later wins: the manager's own environment, `PassEnvironment=`, `Environment=` in the order of
the files, `EnvironmentFile=` (whichever file it is written in); `UnsetEnvironment=` takes away from the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .environment_file import parse_environment_file
from .quoting import expand_specifiers, is_name, split_words
from .unit_file import Setting, UnitFile, settings_of

MANAGER = "the environment of the systemd manager"


@dataclass(frozen=True)
class Assignment:
    """A variable, its value (None: it holds a specifier that only the manager can expand) and the file it is from."""

    key: str
    value: str | None
    path: str


@dataclass(frozen=True)
class Removal:
    """Variables that a file takes away: `UnsetEnvironment=`, or an empty `Environment=` (`keys` is None: all so far)."""

    key: str | None
    value: str | None
    path: str


@dataclass(frozen=True)
class Manager:
    """What a service inherits from the systemd manager: its environment block, and PID 1's own for PassEnvironment=. A server in a container
    has the environment of its image there; `source` says which of them it is."""

    environment: Mapping[str, str] = field(default_factory=dict)
    passable: Mapping[str, str] = field(default_factory=dict)
    source: str = MANAGER


@dataclass
class Declared:
    """What the files of a unit say about its environment, in order; an empty assignment has emptied its list."""

    assignments: list[Assignment] = field(default_factory=list)
    resets: list[Removal] = field(default_factory=list)
    files: list[Assignment] = field(default_factory=list)
    unset: list[Removal] = field(default_factory=list)
    passed: list[Assignment] = field(default_factory=list)


ReadFiles = Callable[[str], Sequence[UnitFile]]
"""From a path or pattern in `EnvironmentFile=` (without its `-`) to the files that are there."""


def declared_environment(files: Iterable[UnitFile], specifiers: Mapping[str, str]) -> Declared:
    """Fold the sections of a unit's files that give its server the environment, in the order systemd reads them."""
    declared = Declared()
    for file in files:
        for setting in settings_of(file):
            handler = _HANDLERS.get(setting.directive) if setting.section == file.section else None
            if handler:
                handler(declared, setting, specifiers)
    return declared


def file_assignments(declared: Declared, read_files: ReadFiles) -> list[Assignment]:
    """The variables of the environment files, in the order they are read."""
    return [
        Assignment(key, value, file.path)
        for entry in declared.files
        for file in read_files((entry.value or "").lstrip("-"))
        for key, value in parse_environment_file(file.text).items()
    ]


def effective_environment(
    declared: Declared, from_files: Iterable[Assignment], manager: Manager
) -> dict[str, Assignment]:
    """What the service would be started with, by variable."""
    passed = (entry.key for entry in declared.passed if entry.key in manager.passable)
    layers = [
        *(Assignment(key, value, manager.source) for key, value in manager.environment.items()),
        *(Assignment(key, manager.passable[key], manager.source) for key in passed),
        *declared.assignments,
        *from_files,
    ]
    effective = {assignment.key: assignment for assignment in layers}
    for removal in declared.unset:
        found = effective.get(removal.key or "")
        if found and removal.value in (None, found.value):
            del effective[found.key]
    return effective


def _environment(declared: Declared, setting: Setting, specifiers: Mapping[str, str]) -> None:
    if not setting.value:
        declared.assignments.clear()
        declared.resets.append(Removal(None, None, setting.path))
    for word in split_words(setting.value):
        key, equals, value = word.partition("=")
        if equals and is_name(key):
            declared.assignments.append(Assignment(key, expand_specifiers(value, specifiers), setting.path))


def _environment_file(declared: Declared, setting: Setting, specifiers: Mapping[str, str]) -> None:
    if not setting.value:
        declared.files.clear()
        return
    declared.files.append(Assignment("", expand_specifiers(setting.value, specifiers), setting.path))


def _unset_environment(declared: Declared, setting: Setting, specifiers: Mapping[str, str]) -> None:
    if not setting.value:
        declared.unset.clear()
    for word in split_words(setting.value):
        key, equals, value = (expand_specifiers(word, specifiers) or "").partition("=")
        declared.unset.append(Removal(key, value if equals else None, setting.path))


def _pass_environment(declared: Declared, setting: Setting, specifiers: Mapping[str, str]) -> None:
    if not setting.value:
        declared.passed.clear()
    for word in split_words(setting.value):
        declared.passed.append(Assignment(expand_specifiers(word, specifiers) or "", None, setting.path))


_HANDLERS: dict[str, Callable[[Declared, Setting, Mapping[str, str]], None]] = {
    "Environment": _environment,
    "EnvironmentFile": _environment_file,
    "UnsetEnvironment": _unset_environment,
    "PassEnvironment": _pass_environment,
}
