# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a server cannot be deployed by Compose here, before anything is changed, one sentence each."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from .._base.deployments import QUADLET
from .._base.systemctl import SystemctlError, ask
from .._container.devices import missing_devices
from .._container.engine import EngineError
from .._container.place import find_place, in_the_way
from .._ownership.marks import is_marked, role_mark
from .docker import Docker
from .listening import is_listening
from .plan import Look, devices_of, look_at
from .project import BY_RUNTIME
from .wanted import Composed

_LOCAL = "localhost/"
_SECONDS = 2
_OLDEST_COMPOSE = 2
_OLDEST_PODMAN = 5
_ALWAYS = "always"
_STARTER = "podman-restart.service"


def examine(wanted: Composed, docker: Docker, makes_room: Callable[[str], bool]) -> tuple[list[str], Look | None]:
    """What is refused, and the look by which it is; of a host without the engine only that, and no look. `makes_room`: whether what listens at an address
    will be gone by then. Raises `StateError`, `OSError`."""
    look: Look | None = None
    try:
        without = _engine_refusal(docker)
        look = None if without else look_at(wanted, docker)
        sentences = list(_refusals(look, docker, makes_room)) if look else [without]
    except EngineError as error:
        sentences = [f"the engine does not answer docker: {error} Start it, or name its socket in ollama_server_docker_host"]
    return [f"{wanted.unit}: {sentence}." for sentence in sentences], look


def _engine_refusal(docker: Docker) -> str:
    if os.geteuid() != 0:
        return "ollama_server_deployment is compose, which needs root: use become"
    compose, podman = docker.compose_version(), docker.podman_version()
    if not compose:
        return "ollama_server_deployment is compose, and this host has no docker compose: install the command docker with its plugin compose, version 2"
    if _major(compose) < _OLDEST_COMPOSE:
        return f"this host has docker compose {compose}, and ollama_server_deployment compose needs version 2 or newer: install the plugin compose"
    if podman and _major(podman) < _OLDEST_PODMAN:
        return f"the engine is Podman {podman}, and ollama_server_deployment compose needs Podman 5.0 or newer, or Docker"
    return _told_refusal(docker.information())


def _told_refusal(told: Mapping[str, Any]) -> str:
    """Podman itself tells otherwise than its socket does: nothing of what is asked of Docker would be found in its answers."""
    host, options = told.get("host"), told.get("SecurityOptions")
    if isinstance(host, dict) and "buildahVersion" in host:
        return (
            "the command docker of this host is Podman's own (the package podman-docker): install Docker's command in its place, and name Podman's socket in"
            " ollama_server_docker_host, as unix:///run/podman/podman.sock"
        )
    if isinstance(options, list) and any("rootless" in str(option) for option in options):
        return (
            "the engine is rootless, and a server in its containers could not be kept by units of the system: name a rootful one in"
            " ollama_server_docker_host, or have the server looked after by its address (ollama_warmup_url)"
        )
    return ""


def _refusals(look: Look, docker: Docker, makes_room: Callable[[str], bool]) -> Iterator[str]:
    wanted = look.wanted
    devices = devices_of(wanted, docker)
    ways = [in_the_way(wanted.container), _in_quadlet(wanted), _in_another_engine(look)]
    yield from filter(None, [*ways, *_others(look, makes_room), *_image(look), _runtime(devices, docker), _at_boot(wanted, docker)])
    yield from missing_devices([device for device in devices if device != BY_RUNTIME])
    error = docker.judged(wanted, look.text)
    if error:
        yield f"docker compose does not take the project as it is declared: {error}"


def _in_quadlet(wanted: Composed) -> str:
    path = find_place(replace(wanted.container, deployment=QUADLET.word)).path
    return f"{path} is a server of this host already, and a container of Compose does not take its place: stop it and remove that file" if path else ""


def _in_another_engine(look: Look) -> str:
    """Nothing would know of its container any more. The container is found by the declared engine where that is the same one by another name."""
    record, engine = look.record, look.wanted.engine
    if not record.environment or record.engine == engine or look.container is not None:
        return ""
    has, gets = record.engine or "not set", engine or "not set"
    return (
        f"its container was made with an ollama_server_docker_host that was {has}, and is {gets} now: set it back, or have the server removed first by a"
        " play that declares it no more (keepwarm.ollama.remove where it is the only one)"
    )


def _others(look: Look, makes_room: Callable[[str], bool]) -> Iterator[str]:
    """What is not ours where ours would be."""
    wanted, container = look.wanted, look.container
    if look.before and not is_marked(wanted.file, look.before.encode(), role_mark("ollama_server")):
        yield f"{wanted.file} is there, and not this role's: move it away"
    if container is not None and container.project != wanted.project:
        made = f"the project {container.project}" if container.project else "hand"
        yield (
            f"the container {wanted.container_name} is there, made by {made}: remove it, not its volume (docs/containers.md), or have its server looked"
            " after by its address (ollama_warmup_url)"
        )
    elif (look.starts or look.replaces) and _answers(wanted.url) and not (_listens(look, wanted.url) or makes_room(wanted.url)):
        yield f"something else answers at {wanted.url}: stop it first, or give the server another port"


def _listens(look: Look, url: str) -> bool:
    return look.container is not None and is_listening(look.container.pid, url)


def _image(look: Look) -> Iterator[str]:
    image = look.wanted.container.image
    if not image:
        yield "ollama_server_container_image is not set: name the image"
    elif image.startswith(_LOCAL) and not look.wanted.container.archive and look.image is None:
        yield f"the image {image} is not on this host, and no registry has it: give ollama_server_container_archive, or another image"


def _runtime(devices: Sequence[str], docker: Docker) -> str:
    if BY_RUNTIME not in devices:
        return ""
    runtimes = docker.information().get("Runtimes")
    if isinstance(runtimes, dict) and BY_RUNTIME in runtimes:
        return ""
    return (
        "this host has an NVIDIA GPU, and its Docker has no runtime that gives it to a container: have one (nvidia-ctk runtime configure"
        " --runtime=docker), or name the GPUs by CDI in ollama_server_container_devices"
    )


def _at_boot(wanted: Composed, docker: Docker) -> str:
    """Docker starts containers by itself when it starts."""
    if wanted.container.restart != _ALWAYS or wanted.start == "false" or not docker.podman_version():
        return ""
    with suppress(SystemctlError):
        if ask(docker.run, ["UnitFileState"], _STARTER).get("UnitFileState", "").startswith("enabled"):
            return ""
    return (
        f"Podman starts no container when the host boots unless {_STARTER} is enabled, and it is not: systemctl enable {_STARTER}, or set"
        " ollama_server_container_restart to on-failure, with which a later play starts the server after a boot"
    )


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found.group()) if found else 0


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    with suppress(OSError), socket.create_connection((parts.hostname, parts.port), timeout=_SECONDS):
        return True
    return False
