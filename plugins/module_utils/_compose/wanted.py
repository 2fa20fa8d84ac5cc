# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of a Compose project, as it is declared. Values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._base.layout import COMPOSE_PROJECTS, DEFAULT_INSTANCE
from .._container.wanted import Wanted, wanted_server
from .._systemd.address import effective_address

SERVICE = "ollama"
HOST = "OLLAMA_HOST"
_OWN_ADDRESS = "127.0.0.1:11434"
"""An image has all addresses."""


@dataclass(frozen=True)
class Composed:
    """`container`: what it has in common with a server of Quadlet's. `environment`: as declared; `defaults`, `models`: what else it follows from.
    `engine`: DOCKER_HOST, empty for Docker's own. `recreates`: whether a running container may be recreated. `start`: auto, true or false. `seconds`:
    how long it may take until it answers. `warnings`: about what is declared."""

    name: str
    container: Wanted
    environment: Mapping[str, str]
    defaults: Mapping[str, str]
    models: Any
    engine: str = ""
    recreates: bool = True
    start: str = "auto"
    seconds: float = 120
    warnings: Sequence[str] = ()

    @property
    def unit(self) -> str:
        """Its name in what the roles keep and say; systemd has no such unit."""
        return self.container.unit

    @property
    def container_name(self) -> str:
        """As people know it."""
        return container_of(self.name)

    @property
    def project(self) -> str:
        """Not plain `ollama`: that is what projects of others are called."""
        return project_of(self.name)

    @property
    def file(self) -> str:
        """Ours."""
        return project_file(self.name)

    @property
    def url(self) -> str:
        """Where it answers: the container has the host's network."""
        return url_of(self.environment)


def container_of(name: str) -> str:
    """The name of the container of the instance."""
    return SERVICE if name == DEFAULT_INSTANCE else f"{SERVICE}-{name}"


def project_of(name: str) -> str:
    """The name of its project, for which Compose takes no capitals: two instances could share one."""
    return f"keepwarm-{container_of(name)}".lower()


def project_file(name: str) -> str:
    """Where the file of its project is."""
    return f"{COMPOSE_PROJECTS}/{project_of(name)}/compose.yaml"


def url_of(environment: Mapping[str, str]) -> str:
    """Where a server with these variables answers."""
    return effective_address(environment.get(HOST, _OWN_ADDRESS)).url


def composed_server(given: Mapping[str, Any]) -> Composed:
    """From an element of the module's option `servers`."""
    return Composed(
        name=given["name"],
        container=wanted_server({**given, "podman_args": [], "wanted_by": ""}),
        environment={HOST: _OWN_ADDRESS, **given["environment"]},
        defaults=given["defaults"],
        models=given["models"],
        engine=given["docker_host"] or "",
        recreates=given["restart"] != "never",
        start=given["start"],
        seconds=given["ready_timeout"],
        warnings=given.get("warnings", ()),
    )
