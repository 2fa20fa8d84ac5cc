# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit file or drop-in as the settings it holds, in order (systemd.syntax(7))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._base.deployments import deployment_of

_WHITESPACE = " \t\n\r"


@dataclass(frozen=True)
class UnitFile:
    """One file of a unit: its fragment or one of its drop-ins."""

    path: str
    text: str

    @property
    def section(self) -> str:
        """In which the environment of the server is."""
        return deployment_of(self.path).section


@dataclass(frozen=True)
class Setting:
    """One `directive=value` line, the value still quoted as it was written. `line` counts from 1."""

    section: str
    directive: str
    value: str
    path: str
    line: int = 0


def settings_of(file: UnitFile) -> Iterator[Setting]:
    """The settings of one file from top to bottom; lines that are none are passed over, as systemd does."""
    section = ""
    for number, line in _logical_lines(file.text):
        if line.startswith("["):
            section = line.strip("[]")
            continue
        directive, equals, value = line.partition("=")
        if equals:
            yield Setting(section, directive.strip(_WHITESPACE), value.strip(_WHITESPACE), file.path, number)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, each with the number of its last line, which is the one that systemd names; a trailing
    backslash has joined a line to the next one that is no comment."""
    pending = ""
    number = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip(_WHITESPACE).startswith(("#", ";")):
            continue
        pending += line
        if _ends_in_escape(pending):
            pending = pending[:-1] + " "
            continue
        if pending.strip(_WHITESPACE):
            yield number, pending.strip(_WHITESPACE)
        pending = ""
    if pending.strip(_WHITESPACE):
        yield number, pending.strip(_WHITESPACE)


def _ends_in_escape(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1
