# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose service runs it in a container: its process, which is not the service's own, and what its image gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Protocol

from .._base.deployments import deployment_of
from .._base.readers import printed_list
from .._base.systemctl import Run
from .environment import Manager
from .host import Process, Unit, read_process
from .unit_file import UnitFile, settings_of

_PROXIES = frozenset(name for plain in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy") for name in (plain, plain.upper()))
"""Which Podman passes on to every container (podman-run(1), --http-proxy)."""
_STARTERS = ("/lib/systemd/systemd", "/lib/systemd/systemd-executor")
"""What a service's process is until it runs the unit's program: a copy of systemd, from systemd 254 on a program of its own for that."""


class UnitProcess(Protocol):
    """What has to be known of a process of the unit."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def parent(self) -> int:
        """Its parent's."""

    @property
    def is_server(self) -> bool:
        """Whether it is `ollama serve`."""


def server_process(unit: Unit, processes: Callable[[str], Sequence[UnitProcess]]) -> Process | None:
    """What serves; None where nothing does. `processes` gives those of a unit. Raises `HostError`."""
    if not unit.deployment.in_container:
        found = read_process(unit.main_pid) if unit.main_pid else None
        return None if found and _is_systemd(found) else found
    served = _first_in_container(processes(unit.name), unit.main_pid)
    return read_process(served.pid) if served else None


def _is_systemd(process: Process) -> bool:
    """Whether it has not become the unit's program yet, and so has neither its environment nor a place where it answers."""
    return process.program is not None and process.program.path.endswith(_STARTERS)


def _first_in_container(processes: Sequence[UnitProcess], main_pid: int) -> UnitProcess | None:
    """The server itself, or what starts it; the service's own process only waits for the container's end."""
    children = [process for process in processes if process.parent == main_pid and process.pid != main_pid]
    return next((process for process in processes if process.is_server), children[0] if children else None)


def image_of(files: Sequence[UnitFile]) -> str:
    """The image that a unit of Podman's names; nothing where it names none."""
    named = _values(files, "Image")
    return named[-1] if named else ""


def has_own_network(files: Sequence[UnitFile]) -> bool:
    """Whether a unit of Podman's gives its container a network beside the host's. An empty value takes those before it away."""
    if not any(deployment_of(file.path).in_container for file in files):
        return False
    named: list[str] = []
    for value in _values(files, "Network"):
        named = [*named, value] if value else []
    return "host" not in named


def _values(files: Sequence[UnitFile], directive: str) -> list[str]:
    """Of the section that says what container it is, in their order."""
    return [entry.value for file in files for entry in settings_of(file) if (entry.section, entry.directive) == (file.section, directive)]


def inherited(run: Run, manager: Manager, files: Sequence[UnitFile]) -> Manager:
    """What a server in a container has before its unit gives it anything: nothing of systemd's but its proxies, and what the image has."""
    image = image_of(files)
    proxies = {key: value for key, value in manager.environment.items() if key in _PROXIES}
    return Manager({**proxies, **image_environment(run, image)}, source=f"the image {image}")


def image_environment(run: Run, image: str) -> dict[str, str]:
    """As the image has it; nothing where Podman does not have the image."""
    status, output, _error = run(["podman", "image", "inspect", "--format", "{{json .Config.Env}}", image])
    pairs = (text.partition("=") for text in printed_list(output) if isinstance(text, str)) if image and status == 0 else ()
    return {key: value for key, equals, value in pairs if equals}
