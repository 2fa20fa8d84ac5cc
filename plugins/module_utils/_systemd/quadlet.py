# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that Podman's generator makes of a unit of its own (podman-systemd.unit(5)): asks the generator what it makes of the files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from .._base.deployments import QUADLET
from .._base.layout import QUADLET_FOLDERS, QUADLETS_OF_USERS
from .._base.systemctl import Run
from .unit_file import UnitFile
from .verify import RunWith, complaints, write_copy

GENERATOR = "/usr/lib/systemd/system-generators/podman-system-generator"
_UNIT = re.compile(r"^---(.+)---$")
_SPOKEN = re.compile(r"^quadlet-generator\[\d+\]: ")


def is_generated_from(fragment: str, source: str) -> bool:
    """Whether systemd has the unit from Podman's generator."""
    return "/generator" in fragment and source.endswith(QUADLET.suffix)


def generated_units(output: str) -> dict[str, str]:
    """What the generator printed, by the unit's name."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output.split("\n"):
        named = _UNIT.match(line)
        if named:
            lines = found.setdefault(named[1], [])
        else:
            lines.append(line)
    return {name: "\n".join(text) for name, text in found.items()}


def generate(run: Run, folders: Sequence[str] = ()) -> tuple[dict[str, str], list[str]]:
    """The units that Podman would make of what is in the folders, by default of what is on this host, and what it complains of."""
    given = ["env", f"QUADLET_UNIT_DIRS={':'.join(folders)}"] if folders else ["env"]
    dummy, output, error = run([*given, GENERATOR, "--dryrun"])
    said = [_SPOKEN.sub("", line) for line in error.split("\n") if line.strip()]
    return generated_units(output), [line for line in said if not line.startswith(("Loading source ", "No files parsed"))]


def is_behind(run: Run, unit: str, loaded: str) -> bool:
    """Whether Podman would by now make another unit than the one whose text systemd has `loaded`."""
    units, dummy = generate(run)
    return _settings(units.get(unit, "")) != _settings(loaded)


def quadlet_service(run: RunWith, scratch: str, unit: str, files: Sequence[UnitFile]) -> tuple[list[str], str]:
    """What Podman and systemd say against a unit and its drop-ins, by their names, and the service that Podman makes of them. `scratch`: an
    empty folder."""
    source, made = os.path.join(scratch, "source"), os.path.join(scratch, "made")
    write_copy(source, os.path.basename(QUADLET.unit_file(unit)), files)
    units, said = generate(lambda command: run(command, {}), [source, *QUADLET_FOLDERS])
    if unit not in units:
        return list(_about(unit, said, source)) or [f"Podman makes no {unit} of {' and '.join(file.path for file in files)}"], ""
    os.makedirs(made)
    path = os.path.join(made, unit)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(units[unit])
    judged = complaints(run, made, [path])
    return [*_about(unit, said, source), *(line.replace(f"{made}/", "") for line in judged)], units[unit]


def _about(unit: str, said: Sequence[str], source: str) -> Iterator[str]:
    """The complaints that name the unit, not those about units of others."""
    name = os.path.basename(QUADLET.unit_file(unit))
    return (line.replace(f"{source}/", "") for line in said if name in line)


def _settings(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip() and not line.startswith("#")]


def search_folders(paths: Sequence[str] = QUADLET_FOLDERS) -> list[str]:
    """The folders themselves, and those below them, in which Podman looks, too."""
    found = [folder for top in paths for folder, _names, _files in sorted(os.walk(top)) if not PurePath(folder).name.endswith(".d")]
    return [folder for folder in found if not f"{folder}/".startswith(f"{QUADLETS_OF_USERS}/")]
