# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that somebody set where a shell finds them, and a systemd service never does. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._systemd.address import effective_address
from .._systemd.settings import role_variable
from .examination import Examination, ShellSetting
from .finding import NOTE, WARNING, Finding, Kind, setting

UNSEEN = Kind(
    "shell_variable",
    WARNING,
    "{key} in {path} does nothing for {unit}: a systemd service reads no file of shells or logins",
    "declare it for the server ({declare}), and take it out of {path}",
)
KINDS = (UNSEEN,)
_OF_CLIENTS = ("OLLAMA_HOST", "OLLAMA_NOHISTORY", "OLLAMA_EDITOR", "OLLAMA_API_KEY", "OLLAMA_AUTH")


def check(look: Examination) -> Iterator[Finding]:
    """What is set in vain, and is not in force by other means anyway."""
    for entry in look.shell:
        if not _is_read(look, entry) and not _is_in_force(look, entry):
            evidence = setting(f"{entry.path}:{entry.line}", entry.key, entry.value)
            severity = NOTE if entry.key in _OF_CLIENTS else None  # a shell's own client may well ask another server
            yield UNSEEN.found(evidence, severity=severity, key=entry.key, path=entry.path, unit=look.unit_name, declare=role_variable(entry.key))


def _is_read(look: Examination, entry: ShellSetting) -> bool:
    """By the unit after all, as its EnvironmentFile, or by the clients that it is there for."""
    files = look.unit.environment_files if look.unit else ()
    return entry.path in files or (entry.key in _OF_CLIENTS and entry.key != "OLLAMA_HOST")


def _is_in_force(look: Examination, entry: ShellSetting) -> bool:
    if look.unit is None:
        return False
    if entry.key == "OLLAMA_HOST":
        return effective_address(entry.value).url == look.unit.address.url
    return look.unit.environment.get(entry.key) == entry.value
