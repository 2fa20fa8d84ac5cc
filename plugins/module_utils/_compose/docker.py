# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `docker` and `docker compose`, and what they say. The engine is Docker, or Podman by its socket."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._base.readers import printed_object
from .._base.text import one_line
from .._container.engine import EngineError, last_line
from .project import LABEL, MADE_LABEL
from .wanted import Composed

DOCKER = "docker"
_PROJECT = "com.docker.compose.project"
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_PODMAN = "Podman Engine"
_ABSENT = "no such container"
_NO_COMMAND = 127
_ENDED_BY_REQUEST = (0, 143)
"""The status of an Ollama that was told to end, and that of a process that SIGTERM ended."""
Execute = Callable[[Sequence[str], Mapping[str, str], str], "tuple[int, str, str]"]
"""A command, what its environment has besides, and what it reads: its status, its output, its errors."""


@dataclass(frozen=True)
class Container:
    """`declared`, `made`: the labels that say by which text of ours it was created. `running`: and not between two attempts of the engine. `stopped`: somebody
    ended it in this boot who could have let it run; what ended with the former boot was ended by that. `pid`: of its first process on the host, or 0."""

    project: str
    declared: str
    environment: Mapping[str, str]
    image: str
    running: bool
    stopped: bool
    error: str
    pid: int = 0
    made: str = ""


@dataclass(frozen=True)
class Docker:
    """`engine`: DOCKER_HOST, empty for the one that `docker` takes by itself."""

    execute: Execute
    engine: str = ""

    def run(self, command: Sequence[str], reads: str = "") -> tuple[int, str, str]:
        """As others run commands."""
        # `env` says by its status that there is no such command, where Ansible's own function would end the module.
        return self.execute(["env", *command], {"DOCKER_HOST": self.engine} if self.engine else {}, reads)

    def compose_version(self) -> str:
        """Of the plugin, not of the former program of Python; empty where there is none."""
        status, output, dummy = self.run([DOCKER, "compose", "version", "--short"])
        return output.strip().removeprefix("v") if status == 0 else ""

    def podman_version(self) -> str:
        """Of the Podman behind the socket; empty where the engine is another. Its list of runtimes does not tell."""
        status, output, dummy = self.run([DOCKER, "version", "--format", "{{json .Server}}"])
        parts = [part for part in _list(printed_object(output).get("Components")) if isinstance(part, dict)] if status == 0 else []
        return next((str(part.get("Version") or "0") for part in parts if part.get("Name") == _PODMAN), "")

    def information(self) -> dict[str, Any]:
        """What the engine tells of itself. Raises `EngineError` with what is wrong where it does not answer."""
        status, output, error = self.run([DOCKER, "info", "--format", "{{json .}}"])
        found = printed_object(output)
        if status == _NO_COMMAND:
            raise EngineError("this host has no command docker")
        failures = _list(found.get("ServerErrors")) or ([last_line(error)] if status != 0 else [])
        if failures:
            raise EngineError(one_line(str(failures[0])))
        return found

    def container(self, name: str) -> Container | None:
        """None where there is none of that name. Raises `EngineError` where the engine does not tell."""
        status, output, error = self.run([DOCKER, "container", "inspect", "--format", "{{json .}}", name])
        if status == 0:
            return _container(printed_object(output))
        if _ABSENT in error.lower():
            return None
        raise EngineError(f"it does not tell of the container {name}: {last_line(error or output)}")

    def judged(self, wanted: Composed, text: str) -> str:
        """Why Compose would not take the text; nothing where it does."""
        status, dummy, error = self.run([*_compose(wanted, "-"), "config", "--quiet"], text)
        return last_line(error) if status != 0 else ""

    def up(self, wanted: Composed) -> None:
        """Raises `EngineError` with the engine's reason."""
        self._do(wanted, "up", "--detach", "--no-build")

    def down(self, wanted: Composed) -> None:
        """Volumes stay, as images do. Raises `EngineError`."""
        self._do(wanted, "down")

    def remove(self, name: str) -> None:
        """A container without its project's file, as `down` does. Raises `EngineError`."""
        for words in (("stop",), ("rm", "--force")):
            status, output, error = self.run([DOCKER, "container", *words, name])
            if status != 0 and _ABSENT not in error.lower():
                raise EngineError(f"docker container {words[0]} {name} failed: {last_line(error or output)}")

    def last_words(self, name: str) -> str:
        """The last line that the container printed."""
        status, output, error = self.run([DOCKER, "logs", "--tail", "1", name])
        return last_line(error or output) if status == 0 and (error or output).strip() else ""

    def _do(self, wanted: Composed, *words: str) -> None:
        status, output, error = self.run([*_compose(wanted, wanted.file), *words])
        if status != 0:
            raise EngineError(f"docker compose {words[0]} failed: {last_line(error or output)}")


def _compose(wanted: Composed, file: str) -> list[str]:
    # Compose would read a .env of the folder in which somebody stands, or of the project's.
    project = ["--project-name", wanted.project, "--project-directory", os.path.dirname(wanted.file), "--env-file", os.devnull]
    return [DOCKER, "compose", "--ansi", "never", *project, "--file", file]


def _container(found: Mapping[str, Any]) -> Container:
    config, state = _dict(found.get("Config")), _dict(found.get("State"))
    labels = _dict(config.get("Labels"))
    by_request = state.get("Status") == "exited" and state.get("ExitCode") in _ENDED_BY_REQUEST and not state.get("Error")
    pid = state.get("Pid")
    return Container(
        project=str(labels.get(_PROJECT, "")),
        declared=str(labels.get(LABEL, "")),
        environment=dict(str(line).partition("=")[::2] for line in _list(config.get("Env"))),
        image=str(config.get("Image", "")),
        running=state.get("Running") is True and state.get("Restarting") is not True,
        stopped=by_request and _in_this_boot(state.get("FinishedAt")),
        error=one_line(str(state.get("Error") or "")),
        pid=pid if isinstance(pid, int) else 0,
        made=str(labels.get(MADE_LABEL, "")),
    )


def _in_this_boot(moment: Any) -> bool:
    """What cannot be read counts as of this boot: nothing that somebody may have stopped is started."""
    found = _MOMENT.match(str(moment))
    with suppress(ValueError, OverflowError):
        date, zone = found.groups() if found else ("", "")
        return datetime.fromisoformat(date + ("+00:00" if zone == "Z" else zone)).timestamp() >= boot_time()
    return True


def boot_time() -> float:
    """When the host has started, as its clock has it by now."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []
