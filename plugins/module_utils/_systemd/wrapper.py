# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a unit starts its server through a program that gives it an environment of its own. Pure.

The settings of a drop-in reach the unit's main process. A script that exports variables after that, or a program that runs the server
in a container, keeps them from the server.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_ELSEWHERE = (
    "apptainer", "crictl", "ctr", "distrobox", "docker", "docker-compose", "enroot", "flatpak", "incus", "kubectl", "lxc", "lxc-attach",
    "lxc-execute", "lxc-start", "machinectl", "nerdctl", "nspawn", "podman", "podman-compose", "singularity", "snap", "ssh",
    "systemd-nspawn", "toolbox",
)  # fmt: skip
_SNAPS = ("/snap/", "/var/lib/snapd/")
_ASSIGNED = re.compile(r"(?<![$\w{])(OLLAMA_[A-Z0-9_]+)=")
_ASSIGNED_IN_PYTHON = re.compile(r"\[[\"'](OLLAMA_[A-Z0-9_]+)[\"']\]\s*=(?!=)")
_RUNS_ELSEWHERE = re.compile(rf"(?:^|[\s;&|(/])({'|'.join(map(re.escape, _ELSEWHERE))})[ \t]+(?:run|start|exec|compose|container|attach|up|shell)\b")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


@dataclass(frozen=True)
class Script:
    """A file of text that the unit's command names."""

    path: str
    text: str


@dataclass(frozen=True)
class ServerProcess:
    """A process with its command line and the environment that it was started with."""

    arguments: Sequence[str]
    environment: Mapping[str, str]

    @property
    def is_server(self) -> bool:
        """Whether it is `ollama serve`, whatever its program file is called beside that."""
        pairs = zip(self.arguments, self.arguments[1:])
        return any(os.path.basename(program).startswith("ollama") and word == "serve" for program, word in pairs)


def wrapper_of(command: Sequence[str], scripts: Iterable[Script], main: ServerProcess | None, others: Sequence[ServerProcess]) -> str | None:
    """What stands between the unit and its server, as the second half of a sentence; None where nothing does.

    `command` is the unit's `ExecStart=`; `main` its main process, and `others` are its other processes.
    """
    return next(_of_command(command), None) or next(_of_scripts(scripts), None) or _of_processes(main, others)


def _of_command(command: Sequence[str]) -> Iterator[str]:
    text = " ".join(command)
    if command and command[0].startswith(_SNAPS):
        yield f"{command[0]}, a snap, which gives it an environment of its own"
    if command and os.path.basename(command[0]) in _ELSEWHERE:
        yield f"{command[0]}, which runs it elsewhere"
    found = _RUNS_ELSEWHERE.search(text)
    if found:
        yield f"{found.group(1)}, which runs it elsewhere"
    assigned = _ASSIGNED.search(text)
    if assigned:
        yield f"{command[0]}, which sets {assigned.group(1)} itself"


def _of_scripts(scripts: Iterable[Script]) -> Iterator[str]:
    for script in scripts:
        text = "\n".join(_COMMENT.sub("", line) for line in script.text.splitlines())
        assigned = _ASSIGNED.search(text) or _ASSIGNED_IN_PYTHON.search(text)
        if assigned:
            yield f"{script.path}, which sets {assigned.group(1)} itself"
        elsewhere = _RUNS_ELSEWHERE.search(text)
        if elsewhere:
            yield f"{script.path}, which runs it by {elsewhere.group(1)}"


def _of_processes(main: ServerProcess | None, others: Sequence[ServerProcess]) -> str | None:
    """By what runs: a server that is not the main process, and has other variables than that was given."""
    if main is None or main.is_server or not main.arguments:
        return None
    servers = [process for process in others if process.is_server]
    if not servers:
        return f"{main.arguments[0]}, and has no process of its own in the unit"
    keys = {key for process in (main, servers[0]) for key in process.environment if key.startswith("OLLAMA_")}
    changed = sorted(key for key in keys if main.environment.get(key) != servers[0].environment.get(key))
    return f"{main.arguments[0]}, which sets {changed[0]} itself" if changed else None
