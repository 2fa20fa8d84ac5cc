# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's unit as this host has it, by the functions that the server's role is decided with. Reads only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from .._base import systemctl
from .._base.layout import DROPIN
from .._residency.server.processes import server_processes, unit_processes
from .._systemd import host
from .._systemd.assessment import Surroundings, assess, judge_running
from .._systemd.dropins import dropin_folders, unread_files
from .._systemd.environment import Assignment, declared_environment, effective_environment, file_assignments
from .._systemd.ignored_lines import IgnoredLine, ignored_in_environment_file, ignored_in_unit
from .._systemd.in_container import server_process
from .._systemd.on_disk import dropin_path, surroundings
from .._systemd.restart import Restart
from .._systemd.unit_file import UnitFile
from .examination import Properties, UnitLook

_PROPERTIES = (
    "Result", "NRestarts", "InvocationID", "ExecMainStartTimestampMonotonic", "Group", "SupplementaryGroups", "PrivateDevices", "DevicePolicy",
    "DeviceAllow",
)  # fmt: skip
_STARTED = "ExecMainStartTimestamp"


def look_at_unit(run: systemctl.Run, name: str) -> UnitLook:
    """Raises `HostError`."""
    unit = host.read_unit(run, name)
    folders = host.search_path(run)
    files = host.unit_files(unit, folders)
    path = dropin_path(unit, folders, DROPIN)
    own = next((file for file in files if file.path == path), None)
    around = surroundings(run, unit, files)
    effective = assess(files, path, own, around)
    process = server_process(unit, unit_processes)
    restart = Restart()
    if process:
        restart = judge_running(process.environment, process.program, host.read_program(unit.executable), effective)
    return UnitLook(
        unit=unit,
        properties=properties_of(run, name, _PROPERTIES),
        effective=effective,
        winners=_winners(files, around),
        environment_files=_environment_files(files, around),
        dropin=own.path if own else None,
        process=process,
        restart=restart,
        serves=process is None or _serves(unit),
        behind_disk=unit.exists and host.behind_disk(unit, files, run),
        ignored=tuple(_ignored(files, around)),
        unread=tuple(unread_files(dropin_folders(unit.names, folders))),
        missing_files=tuple(_missing_files(files, around)),
        changed=_changed([file.path for file in files]),
    )


def _serves(unit: host.Unit) -> bool:
    """Whether the server has the environment that the unit gives: a script above it may have given it another."""
    found = server_processes(unit.name)
    return found is not None and (unit.deployment.in_container or found.server.pid == unit.main_pid)


def properties_of(run: systemctl.Run, unit: str, names: Sequence[str]) -> Properties:
    """Properties of one unit, by name; none where systemd does not tell."""
    try:
        found = systemctl.ask(run, names, unit)
    except systemctl.SystemctlError:
        return {}
    started = found.pop(_STARTED + "Monotonic", "")
    # --timestamp=unix came with systemd 251.
    return {**found, _STARTED: _since_1970(int(started))} if started.isdigit() and int(started) else found


def _since_1970(microseconds: int) -> str:
    """A time of the clock that counts from the boot, as systemd writes one that counts from 1970."""
    return f"@{time.time() - (time.clock_gettime(time.CLOCK_MONOTONIC) - microseconds / 1e6):.0f}"


def _ignored(files: Sequence[UnitFile], around: Surroundings) -> Iterator[IgnoredLine]:
    for file in files:
        yield from ignored_in_unit(file)
    for pattern in _patterns(files, around):
        for file in around.read_files(pattern.lstrip("-")):
            yield from ignored_in_environment_file(file)


def _missing_files(files: Sequence[UnitFile], around: Surroundings) -> Iterator[str]:
    return (pattern for pattern in _patterns(files, around) if pattern.startswith(("/", "-/")) and not around.read_files(pattern.lstrip("-")))


def _patterns(files: Sequence[UnitFile], around: Surroundings) -> Iterator[str]:
    """What `EnvironmentFile=` names, where its specifiers are known."""
    return (entry.value for entry in declared_environment(files, around.specifiers).files if entry.value)


def _changed(paths: Iterable[str]) -> dict[str, float]:
    found = {}
    for path in paths:
        with suppress(OSError):
            found[path] = os.stat(path).st_mtime
    return found


def _winners(files: Sequence[UnitFile], around: Surroundings) -> dict[str, Assignment]:
    declared = declared_environment(files, around.specifiers)
    return effective_environment(declared, file_assignments(declared, around.read_files), around.manager)


def _environment_files(files: Sequence[UnitFile], around: Surroundings) -> tuple[str, ...]:
    return tuple(file.path for pattern in _patterns(files, around) for file in around.read_files(pattern.lstrip("-")))
