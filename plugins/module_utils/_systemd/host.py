# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd unit as this host has it: what systemctl tells, the files, and the running process. Reads only."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .._base import systemctl
from .._base.deployments import QUADLET, Deployment, deployment_of
from .._base.files import read_bytes
from .._base.layout import UNITS
from .._base.systemctl import Run
from .dropins import dropin_files, dropin_folders
from .environment import Manager
from .quadlet import is_behind, is_generated_from, search_folders
from .quoting import split_words
from .restart import Program
from .unit_file import UnitFile, settings_of
from .wrapper import Script

_PROPERTIES = (
    "Id", "Names", "LoadState", "ActiveState", "SubState", "MainPID", "FragmentPath", "SourcePath", "DropInPaths", "NeedDaemonReload", "ExecStart",
    "OOMPolicy", "User", "UnitFileState", "NRestarts", "InactiveExitTimestampMonotonic",
)  # fmt: skip
_EXECUTABLE = re.compile(r"\{ path=(.*?) ; ")
_COMMAND = re.compile(r"\{ path=.*? ; argv\[\]=(.*?) ; ")
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]+\.service", re.ASCII)
OLDEST_SYSTEMD = 247
_LONGEST_SCRIPT = 64 * 1024  # bytes


class HostError(Exception):
    """What is asked cannot be learnt on this host; the message is one sentence."""


@dataclass(frozen=True)
class Unit:
    """What the systemd manager has loaded for a service unit; it may be behind the disk. `restarts` are those that systemd made by
    itself; `has_run`: it was started in this boot. `fragment_path`: of a service that Podman makes, its unit of Podman's; then `generated` is
    what systemd has loaded."""

    name: str
    names: tuple[str, ...]
    load_state: str
    active_state: str
    sub_state: str
    main_pid: int
    fragment_path: str
    dropin_paths: tuple[str, ...]
    need_daemon_reload: bool
    executable: str
    oom_policy: str
    user: str
    file_state: str
    command: tuple[str, ...] = ()
    restarts: int = 0
    has_run: bool = False
    generated: str = ""

    @property
    def deployment(self) -> Deployment:
        """By its file."""
        return deployment_of(self.fragment_path)

    @property
    def exists(self) -> bool:
        """Whether there is a unit file: a masked or a broken one exists, too."""
        return self.load_state != "not-found"


@dataclass(frozen=True)
class Process:
    """A process: its environment at its start, the program it runs, and its command line."""

    pid: int
    environment: Mapping[str, str]
    program: Program | None
    arguments: tuple[str, ...] = ()


def systemd_version(run: Run) -> int:
    """The major version of systemd. Raises `HostError` where there is none or it is too old."""
    status, output, dummy = run(["systemctl", "--version"])
    found = re.match(r"systemd (\d+)", output)
    if status != 0 or not found:
        raise HostError("this host has no systemd (systemctl --version tells none), whose units are what is managed here")
    version = int(found.group(1))
    if version < OLDEST_SYSTEMD:
        raise HostError(f"this host has systemd {version}, but {OLDEST_SYSTEMD} is the oldest supported")
    return version


def read_unit(run: Run, name: str) -> Unit:
    """Ask the manager about a service unit, which need not exist."""
    if not _UNIT_NAME.fullmatch(name):
        raise HostError(f"unit {name!r} is not the name of a service: use a name such as ollama.service")
    properties = _show(run, _PROPERTIES, name)
    fragment, source = properties.get("FragmentPath", ""), properties.get("SourcePath", "")
    is_generated = is_generated_from(fragment, source)
    return Unit(
        name=properties["Id"],
        names=tuple(dict.fromkeys([properties["Id"], *properties["Names"].split()])),
        load_state=properties["LoadState"],
        active_state=properties["ActiveState"],
        sub_state=properties["SubState"],
        main_pid=int(properties.get("MainPID", "0")),
        fragment_path=source if is_generated else fragment,
        dropin_paths=tuple(properties.get("DropInPaths", "").split()),
        need_daemon_reload=properties.get("NeedDaemonReload") == "yes",
        executable=_first(_EXECUTABLE, properties.get("ExecStart", "")),
        oom_policy=properties.get("OOMPolicy", ""),
        user=properties.get("User") or "root",
        file_state=properties.get("UnitFileState", ""),
        command=tuple(_first(_COMMAND, properties.get("ExecStart", "")).split()),
        restarts=_number(properties.get("NRestarts")),
        has_run=_number(properties.get("InactiveExitTimestampMonotonic")) > 0,
        generated=fragment if is_generated else "",
    )


def search_path(run: Run) -> list[str]:
    """The folders in which the manager looks for units, the one of highest precedence first."""
    return _show(run, ["UnitPath"])["UnitPath"].split()


def administrators_folder(folders: Sequence[str]) -> str:
    """The folder of the search path in which an administrator's own drop-ins belong."""
    for folder in folders:
        if folder.endswith(UNITS):
            return folder
    raise HostError(f"systemd does not look into {UNITS}, but into {', '.join(folders)} only")


def read_manager(run: Run) -> Manager:
    """What every service inherits. Raises `HostError` where only root may read PID 1's own environment."""
    command = ["busctl", "--json=short", "get-property", "org.freedesktop.systemd1", "/org/freedesktop/systemd1"]
    status, output, error = run([*command, "org.freedesktop.systemd1.Manager", "Environment"])
    if status != 0:
        raise HostError(f"the systemd manager does not tell its environment: {error.strip()}")
    return Manager(_assignments(json.loads(output)["data"]), _readable_environment(1) or {})


def unit_files(unit: Unit, folders: Sequence[str], planned: UnitFile | None = None) -> list[UnitFile]:
    """The unit's fragment and drop-ins as they are on disk, in the order systemd reads them.

    `folders` is the manager's search path; `planned` stands in for what is on disk at its path.
    """
    own = planned.path if planned else None
    dropins = dropin_files(_dropin_folders(unit, folders, own), own)
    paths = [unit.fragment_path, *dropins]
    return [planned if planned and path == own else UnitFile(path, read_text(path)) for path in paths if path]


def _dropin_folders(unit: Unit, folders: Sequence[str], own: str | None) -> Iterator[str]:
    deployment = deployment_of(unit.fragment_path or own or "")
    if deployment is not QUADLET:
        return dropin_folders(unit.names, folders)
    names = [os.path.basename(deployment.unit_file(name)) for name in unit.names]
    return dropin_folders(names, search_folders(), deployment.suffix)


def environment_files(pattern: str) -> list[UnitFile]:
    """The files that a path or pattern of `EnvironmentFile=` names; those that are missing are left out."""
    return [UnitFile(path, read_text(path)) for path in sorted(glob.glob(pattern)) if os.path.isfile(path)]


def is_wanted(files: Iterable[UnitFile]) -> bool:
    """Whether a section [Install] has something start the unit. What a generator makes, nobody enables."""
    return any(entry.section == "Install" and entry.value for file in files for entry in settings_of(file))


def behind_disk(unit: Unit, files: Sequence[UnitFile], run: Run) -> bool:
    """Whether the manager must reload: it says so, or the drop-ins it loaded are not those on disk.

    Up to version 256 the manager does not notice a first drop-in that came with its folder (systemd issue 31752).
    """
    if unit.generated:
        return unit.need_daemon_reload or is_behind(run, unit.name, read_text(unit.generated))
    on_disk = [os.path.realpath(file.path) for file in files if file.path != unit.fragment_path]
    return unit.need_daemon_reload or on_disk != [os.path.realpath(path) for path in unit.dropin_paths]


def read_process(pid: int) -> Process | None:
    """The process as /proc shows it; None once it is gone. Raises `HostError` where only root may look."""
    environment = _readable_environment(pid)
    return None if environment is None else Process(pid, environment, _running_program(pid), _arguments(pid))


def read_program(path: str) -> Program | None:
    """A program file by the path that a unit gives; None when it is not there."""
    identity = _identity(path)
    return None if identity is None else Program(path, identity, read_text(path, limit=2).startswith("#!"))


def command_of(files: Iterable[UnitFile]) -> list[str]:
    """What a unit's files say that it runs, which systemd may not have loaded yet; the first command where there are several."""
    found: list[str] = []
    for setting in (setting for file in files for setting in settings_of(file)):
        if (setting.section, setting.directive) == ("Service", "ExecStart"):
            found = [*found, setting.value] if setting.value else []
    words = list(split_words(found[0])) if found else []
    return [words[0].lstrip("@-:+!|"), *words[1:]] if words else []


def read_scripts(command: Iterable[str]) -> list[Script]:
    """The scripts that a unit's command names; what is no text of ordinary length is none."""
    found = []
    for path in (word.strip("'\";") for word in command):
        with suppress(OSError):
            content = read_bytes(os.path.realpath(path), _LONGEST_SCRIPT) if path.startswith("/") else b""
            if content and b"\0" not in content:
                found.append(Script(path, content.decode("utf-8", "replace")))
    return found


def read_text(path: str, limit: int = -1) -> str:
    """The start of a file, undecodable bytes kept as surrogates; nothing when there is no such file (any more)."""
    try:
        with open(path, "rb") as file:
            return file.read(limit).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise HostError(f"{path} cannot be read ({error.strerror}): use become") from error


def _show(run: Run, properties: Sequence[str], unit: str | None = None) -> dict[str, str]:
    try:
        return systemctl.ask(run, properties, unit)
    except systemctl.SystemctlError as error:
        raise HostError(str(error)) from error


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""


def _readable_environment(pid: int) -> dict[str, str] | None:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            blocks = file.read().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except PermissionError as error:
        raise HostError(f"only root may read the environment of a service (/proc/{pid}/environ): use become") from error
    return _assignments(block.decode("utf-8", "surrogateescape") for block in blocks)


def _arguments(pid: int) -> tuple[str, ...]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return tuple(word.decode("utf-8", "surrogateescape") for word in file.read().split(b"\0")[:-1])
    except OSError:
        return ()


def _assignments(blocks: Iterable[str]) -> dict[str, str]:
    pairs = (block.partition("=") for block in blocks)
    return {key: value for key, equals, value in pairs if equals}


def _running_program(pid: int) -> Program | None:
    link = f"/proc/{pid}/exe"
    try:
        return Program(os.readlink(link), _identity(link))
    except OSError:
        return None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
