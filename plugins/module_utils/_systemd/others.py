# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What files of others say of a unit: the values that no default of ours may beat. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .._base.deployments import DEPLOYMENTS, deployment_of
from .conflicts import environment_conflicts
from .environment import (
    Assignment,
    Manager,
    ReadFiles,
    declared_environment,
    effective_environment,
    file_assignments,
)
from .restart import is_relevant
from .unit_file import UnitFile, settings_of

_UNITS = tuple(one.suffix for one in DEPLOYMENTS.values())
DIRECTIVES = ("OOMPolicy",)
"""Of which the drop-in has a default, beside variables of the environment."""
_MARK = re.compile(r"^[ \t]*[#;].*\bkeepwarm\.ollama\.ollama_server\b", re.MULTILINE)


@dataclass(frozen=True)
class Written:
    """A value that a file of others gives a variable or a directive. `value` is None where the file takes the variable away, or
    where only systemd can tell; `line` is None where the value is in no file."""

    key: str
    value: str | None
    path: str
    line: int | None = None

    @property
    def place(self) -> str:
        """The file and the line, for a person."""
        return self.path if self.line is None else f"{self.path}, line {self.line},"


def is_ours(file: UnitFile) -> bool:
    """Whether a comment of the file says that the role has written it."""
    return _MARK.search(file.text) is not None


def written_by_others(
    files: Sequence[UnitFile], dropin: str, wanted: Iterable[str], specifiers: dict[str, str], read_files: ReadFiles, manager: Manager
) -> list[Written]:
    """What would count without our own files, and which of the variables `wanted` would be taken away from a drop-in of ours."""
    others = [file for file in files if not is_ours(file)]
    declared = declared_environment(others, specifiers)
    from_files = file_assignments(declared, read_files)
    effective = effective_environment(declared, from_files, manager)
    texts = {file.path: file.text for file in others}
    texts.update({file.path: file.text for entry in declared.files for file in read_files((entry.value or "").lstrip("-"))})
    found = [*(entry for key, entry in sorted(effective.items()) if is_relevant(key)), *_directives(others)]
    taken = _taken_away(others, dropin, wanted, specifiers, manager)
    return [_located(entry, texts) for entry in (*found, *(entry for entry in taken if entry.key not in effective))]


def _directives(files: Sequence[UnitFile]) -> Iterator[Assignment]:
    for directive in DIRECTIVES:
        said = [entry for file in files for entry in settings_of(file) if (entry.section, entry.directive) == ("Service", directive)]
        if said and said[-1].value:
            yield Assignment(directive, said[-1].value, said[-1].path)


def _taken_away(
    files: Sequence[UnitFile], dropin: str, wanted: Iterable[str], specifiers: dict[str, str], manager: Manager
) -> Iterator[Assignment]:
    """Judged with a drop-in of ours in its place: what comes before it in systemd's order takes nothing away from it."""
    probe = UnitFile(dropin, f"[{deployment_of(dropin).section}]\n" + "".join(f"Environment={key}=probe\n" for key in wanted))
    declared = declared_environment(sorted([*files, probe], key=_order), specifiers)
    effective = effective_environment(declared, (), manager)
    for conflict in environment_conflicts(probe, declared, (), effective):
        if conflict.wins and conflict.value is None:
            yield Assignment(conflict.key, None, conflict.path)


def _order(file: UnitFile) -> str:
    """The unit itself first, then its drop-ins by their names."""
    return "" if file.path.endswith(_UNITS) else file.path.rpartition("/")[2]


def _located(entry: Assignment, texts: dict[str, str]) -> Written:
    return Written(entry.key, entry.value, entry.path, _line_of(texts.get(entry.path, ""), entry.key))


def _line_of(text: str, key: str) -> int | None:
    """The last line that names it and is no comment, which is the one that counts."""
    named = re.compile(rf"(?<!\w){re.escape(key)}(?!\w)", re.ASCII)
    lines = [number for number, line in enumerate(text.split("\n"), 1) if not line.lstrip().startswith(("#", ";")) and named.search(line)]
    return lines[-1] if lines else None
