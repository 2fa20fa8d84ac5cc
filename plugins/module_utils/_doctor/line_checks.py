# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the unit that were meant to set something and do not: lines that systemd passes over, files that it does not read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._systemd.ignored_lines import IgnoredLine
from .examination import Entry, Examination, UnitLook
from .finding import NOTE, PROBLEM, WARNING, Evidence, Finding, Kind, seen, setting

_RELOAD = "then systemctl daemon-reload && systemctl restart {unit}"
LINE_IGNORED = Kind("unit_line_ignored", WARNING, "line {line} of {path} sets nothing: {reason}", "{remedy}; " + _RELOAD)
SYSTEMD_IGNORES = Kind(
    "unit_line_refused", WARNING, "systemd passes over line {line} of {path}: {said}", "correct it (systemd-analyze verify {unit}); " + _RELOAD
)
DROPIN_UNREAD = Kind(
    "dropin_not_read", WARNING, "{path} counts for nothing: the name of a drop-in ends with .conf", "mv {path} {path}.conf, or remove it; " + _RELOAD
)
FILE_MISSING = Kind(
    "environment_file_missing", NOTE, "{unit} reads its environment from {path}, which is not there", "write {path}, or take EnvironmentFile= out of the unit"
)
KINDS = (LINE_IGNORED, SYSTEMD_IGNORES, DROPIN_UNREAD, FILE_MISSING)
_SAID = re.compile(r"(?P<path>/[^:]+):(?P<line>\d+): (?P<said>.*(?:[Ii]gnor|Missing '=').*)")


def check(look: Examination) -> Iterator[Finding]:
    """Everything about the unit's files that does nothing."""
    unit = look.unit
    if unit is None or not unit.unit.exists:
        return
    words = _words_of_systemd(look, unit)
    for ignored in unit.ignored:
        yield _ignored(look, ignored, words.pop((ignored.path, ignored.line), None))
    for (path, line), entry in words.items():
        said = _SAID.match(entry.message)
        yield SYSTEMD_IGNORES.found(_quoted(entry), path=path, line=line, said=said["said"] if said else "", unit=look.unit_name)
    for path in unit.unread:
        yield DROPIN_UNREAD.found(seen("drop-in folder", path), path=path, unit=look.unit_name)
    yield from _missing_files(look, unit)


def _words_of_systemd(look: Examination, unit: UnitLook) -> dict[tuple[str, int], Entry]:
    """What systemd said of a line of a file that has not changed since; the last time counts."""
    found: dict[tuple[str, int], Entry] = {}
    for entry in (*look.journal.earlier, *look.journal.current) if look.journal else ():
        said = _SAID.match(entry.message)
        if said and said["path"] in unit.changed and unit.changed[said["path"]] <= entry.time:
            found[said["path"], int(said["line"])] = entry
    return found


def _ignored(look: Examination, ignored: IgnoredLine, entry: Entry | None) -> Finding:
    key, equals, value = ignored.text.partition("=")
    shown = setting(f"{ignored.path}:{ignored.line}", key, value) if equals else seen(f"{ignored.path}:{ignored.line}", ignored.text)
    evidence = (shown, _quoted(entry)) if entry else (shown,)
    values = {"path": ignored.path, "reason": ignored.reason, "remedy": ignored.remedy}
    return LINE_IGNORED.found(*evidence, severity=None, line=ignored.line, unit=look.unit_name, **values)


def _quoted(entry: Entry) -> Evidence:
    return seen("systemd, in the journal", entry.message)


def _missing_files(look: Examination, unit: UnitLook) -> Iterator[Finding]:
    """Without the `-` that makes it optional, the unit cannot start."""
    for pattern in unit.missing_files:
        path, severity = pattern.lstrip("-"), None if pattern.startswith("-") else PROBLEM
        evidence = seen(f"systemctl cat {look.unit_name}", f"EnvironmentFile={pattern}")
        yield FILE_MISSING.found(evidence, severity=severity, path=path, unit=look.unit_name)
