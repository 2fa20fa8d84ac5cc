# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drop-in does, or would do, to a service: its environment, who disagrees, whether to restart. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .address import Address, effective_address
from .conflicts import Conflict, directive_conflicts, environment_conflicts, hidden_conflicts
from .defaults import KEYS, default_keys
from .environment import (
    Manager,
    ReadFiles,
    declared_environment,
    effective_environment,
    file_assignments,
)
from .masking import masked
from .others import Written, written_by_others
from .restart import Program, Restart, environment_differences, is_relevant, program_reasons
from .unit_file import UnitFile

Values = Mapping[str, "str | None"]


@dataclass(frozen=True)
class Surroundings:
    """What the environment of a unit depends on besides its files."""

    manager: Manager
    specifiers: dict[str, str]
    read_files: ReadFiles


@dataclass(frozen=True)
class Assessment:
    """The environment that a set of unit files gives, and where they contradict the drop-in. `default_keys` are those of its
    variables that nobody has declared."""

    values: Values
    own_keys: frozenset[str]
    conflicts: tuple[Conflict, ...]
    default_keys: frozenset[str] = frozenset()

    @property
    def address(self) -> Address:
        """Where a server started from these files listens."""
        return effective_address(self.values.get("OLLAMA_HOST") or "")


def assess(files: Sequence[UnitFile], dropin: str, own: UnitFile | None, around: Surroundings) -> Assessment:
    """Judge `files`, in systemd's order; `own` is the drop-in, at the path `dropin`, when there is one."""
    declared = declared_environment(files, around.specifiers)
    from_files = file_assignments(declared, around.read_files)
    effective = effective_environment(declared, from_files, around.manager)
    values = {key: assignment.value for key, assignment in effective.items()}
    if own is None:
        return Assessment(values, frozenset(), ())
    hidden_by = _hidden_by(dropin, files)
    if hidden_by:
        return Assessment(values, _keys(own), tuple(hidden_conflicts(own, hidden_by)), default_keys(own.text))
    conflicts = (
        *environment_conflicts(own, declared, from_files, effective),
        *directive_conflicts(own, files),
    )
    return Assessment(values, _keys(own), conflicts, default_keys(own.text))


def values_of_others(files: Sequence[UnitFile], dropin: str, around: Surroundings) -> list[Written]:
    """What files of others say, which no default of ours may beat."""
    return written_by_others(files, dropin, KEYS, around.specifiers, around.read_files, around.manager)


def judge_restart(
    running: Mapping[str, str],
    running_program: Program | None,
    configured_program: Program | None,
    before: Assessment,
    after: Assessment,
) -> Restart:
    """Whether to restart the running server for what its unit would start. `before` is the unit as it is on disk, `after` with the
    planned drop-in. What was declared is due, also where it is taken off again; a program file that is gone or another is, too."""
    declared = (after.own_keys - after.default_keys) | (before.own_keys - before.default_keys - after.own_keys)
    found = list(environment_differences(running, after.values, before.own_keys | after.own_keys))
    programs = program_reasons(running_program, configured_program)
    defaults = (before.default_keys | after.default_keys) - declared
    return Restart(
        due=(*(sentence for key, sentence in found if key in declared), *programs),
        pending=tuple(sentence for key, sentence in found if key not in declared),
        defaults=tuple(sentence for key, sentence in found if key in defaults),
    )


def judge_running(
    running: Mapping[str, str], running_program: Program | None, configured_program: Program | None, effective: Assessment
) -> Restart:
    """How the running server differs from what its unit would start. `due`: what somebody wrote, in our drop-in or in another file.
    `pending`: what only the role's defaults changed."""
    judged = judge_restart(running, running_program, configured_program, effective, effective)
    written = tuple(sentence for sentence in judged.pending if sentence not in judged.defaults)
    return Restart(due=(*written, *judged.due), pending=judged.defaults, defaults=judged.defaults)


def shown_environment(values: Values, own_keys: Iterable[str]) -> dict[str, str | None]:
    """The part of an environment that matters to the server, credentials masked, by name."""
    own = set(own_keys)
    return {key: masked(key, values[key]) for key in sorted(values) if key in own or is_relevant(key)}


def shown_conflict(conflict: Conflict) -> dict[str, Any]:
    """A conflict as a module returns it, credentials masked."""
    return {
        "key": conflict.key,
        "file": conflict.path,
        "value": masked(conflict.key, conflict.value),
        "wins": conflict.wins,
        "message": conflict.sentence(),
    }


def specifiers_of(unit: str, hostname: str) -> dict[str, str]:
    """The specifiers of systemd.unit(5) that need nothing but the unit's name and the host's, for the system manager."""
    stem = unit[: -len(".service")]
    prefix, dummy, instance = stem.partition("@")
    named = {"n": unit, "N": stem, "p": prefix, "i": instance, "H": hostname, "u": "root", "U": "0", "h": "/root"}
    folders = {"t": "/run", "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "E": "/etc", "T": "/tmp", "V": "/var/tmp"}
    return {**named, **folders}


def _keys(own: UnitFile) -> frozenset[str]:
    return frozenset(entry.key for entry in declared_environment([own], {}).assignments)


def _hidden_by(dropin: str, files: Sequence[UnitFile]) -> str | None:
    """The file that systemd reads in the drop-in's place."""
    same_name = [file.path for file in files if os.path.basename(file.path) == os.path.basename(dropin)]
    return next((path for path in same_name if path != dropin), None)
