# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has systemd itself read a planned drop-in, on a scratch copy of its unit, before it counts.

`systemd-analyze verify` on a drop-in alone proves nothing, and it does not judge values of the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from .unit_file import UnitFile

RunWith = Callable[[Sequence[str], Mapping[str, str]], "tuple[int, str, str]"]
"""Runs a command with variables added to its environment: exit status, standard output, standard error."""


def dropin_errors(run: RunWith, scratch: str, unit: str, files: Sequence[UnitFile], planned: UnitFile) -> list[str]:
    """What systemd says against the planned drop-in, by its real path; nothing when it takes it.

    `files` are the unit's fragment and drop-ins, the planned one among them; `scratch` is an empty folder. Faults
    that the unit has without the drop-in are the vendor's and not reported.
    """
    with_it, without_it = os.path.join(scratch, "with"), os.path.join(scratch, "without")
    found = _verify(run, write_copy(with_it, unit, files))
    if not found:
        return []
    known = _verify(run, write_copy(without_it, unit, [file for file in files if file != planned]))
    known = [line.replace(without_it, with_it) for line in known]
    folder = os.path.join(with_it, f"{unit}.d")
    return [line.replace(folder, os.path.dirname(planned.path)) for line in found if line not in known]


def write_copy(folder: str, unit: str, files: Sequence[UnitFile]) -> str:
    """The unit, by that name, and its drop-ins in a new folder; gives the unit's path."""
    dropins = os.path.join(folder, f"{unit}.d")
    os.makedirs(dropins)
    fragment = os.path.join(folder, unit)
    for index, file in enumerate(files):
        _write(fragment if index == 0 else os.path.join(dropins, os.path.basename(file.path)), file.text)
    return fragment


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _verify(run: RunWith, fragment: str) -> list[str]:
    return complaints(run, os.path.dirname(fragment), [fragment])


def complaints(run: RunWith, folder: str, paths: Sequence[str]) -> list[str]:
    """What systemd says against these unit files, which are in the `folder`; nothing when it takes them.

    Before systemd 250 a line that is ignored is told, but is no failure, and what is wrong with the units that these refer to is told, too.
    """
    status, lines = _analyze(run, folder, ["--recursive-errors=no", *paths])
    if any("unrecognized option" in line for line in lines):
        names = tuple(f"{os.path.basename(path)}:" for path in paths)
        status, lines = _analyze(run, folder, paths)
        return [line for line in lines if f"{folder}/" in line or line.startswith(names)]
    return (lines or [f"systemd-analyze verify failed ({status})"]) if status != 0 else []


def _analyze(run: RunWith, folder: str, arguments: Sequence[str]) -> tuple[int, list[str]]:
    """The trailing colon appends the usual folders, for the units that these refer to."""
    environment = {"SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_LOG_COLOR": "0"}
    status, output, error = run(["systemd-analyze", "verify", "--man=no", *arguments], environment)
    return status, [line for line in (output + error).split("\n") if line.strip()]
