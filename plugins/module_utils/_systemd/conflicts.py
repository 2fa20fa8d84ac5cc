# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a drop-in and the other files of its unit disagree, and who wins. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .environment import Assignment, Declared, declared_environment
from .masking import masked
from .unit_file import UnitFile, settings_of

_ENVIRONMENT_DIRECTIVES = ("Environment", "EnvironmentFile", "UnsetEnvironment", "PassEnvironment")


@dataclass(frozen=True)
class Conflict:
    """One key that another file sets otherwise; `wins`: that file's value counts, not the drop-in's.

    `value` is None where the other file takes the key away or hides the drop-in altogether.
    """

    key: str
    path: str
    value: str | None
    ours: str | None
    wins: bool

    def sentence(self) -> str:
        """For a person: what is where, and what it means; credentials masked."""
        value, ours = masked(self.key, self.value), masked(self.key, self.ours)
        other = f"{self.path} takes it away" if value is None else f"{self.path} sets {value!r}"
        return f"{self.key}: {other}, which {'wins over' if self.wins else 'loses to'} {ours!r} of the drop-in"


def environment_conflicts(
    own: UnitFile, declared: Declared, from_files: Iterable[Assignment], effective: Mapping[str, Assignment]
) -> Iterator[Conflict]:
    """Per variable of the drop-in: the file that overrides it, and every file that it overrides itself."""
    others = [entry for entry in (*declared.assignments, *from_files) if entry.path != own.path]
    for wanted in _last_by_key(declared_environment([own], {}).assignments).values():
        winner = effective.get(wanted.key) or _taker(declared, wanted)
        rivals = {entry.path: entry for entry in (*others, winner) if _differs(entry, wanted)}
        for path, rival in rivals.items():
            wins = path == winner.path
            yield Conflict(wanted.key, path, winner.value if wins else rival.value, wanted.value, wins)


def directive_conflicts(own: UnitFile, files: Sequence[UnitFile]) -> Iterator[Conflict]:
    """The same for the single-valued directives of the drop-in, such as `OOMPolicy`."""
    wanted = {entry.directive: entry for entry in settings_of(own) if entry.directive not in _ENVIRONMENT_DIRECTIVES}
    settings = [entry for file in files for entry in settings_of(file) if entry.section == "Service"]
    for directive, ours in wanted.items():
        rivals = [entry for entry in settings if entry.directive == directive]
        for entry in rivals:
            if entry.path != own.path and entry.value != ours.value:
                yield Conflict(directive, entry.path, entry.value, ours.value, entry is rivals[-1])


def hidden_conflicts(own: UnitFile, hidden_by: str) -> Iterator[Conflict]:
    """Every setting of the drop-in, when a file of the same name in a folder of higher precedence hides it."""
    for wanted in _last_by_key(declared_environment([own], {}).assignments).values():
        yield Conflict(wanted.key, hidden_by, None, wanted.value, True)


def _last_by_key(assignments: Iterable[Assignment]) -> dict[str, Assignment]:
    return {assignment.key: assignment for assignment in assignments}


def _differs(entry: Assignment, wanted: Assignment) -> bool:
    return entry.key == wanted.key and (entry.value is None or entry.value != wanted.value)


def _taker(declared: Declared, wanted: Assignment) -> Assignment:
    """The file that makes the variable disappear: by name, else by emptying Environment= after the drop-in."""
    named = [removal.path for removal in declared.unset if removal.key == wanted.key]
    emptied = [removal.path for removal in declared.resets]
    return Assignment(wanted.key, None, (named or emptied)[-1])
