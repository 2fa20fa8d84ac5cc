# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which a server is deployed: where the files are that say what it gets, and which service runs it. A row for each way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from .layout import DROPIN, QUADLETS, UNITS

_SERVICE = ".service"


@dataclass(frozen=True)
class Deployment:
    """`folder`: of an administrator's unit files. `suffix`: of their names. `section`: that gives the server its environment.
    `in_container`: whether the server has the program, and the environment to begin with, of an image."""

    word: str
    folder: str
    suffix: str
    section: str
    in_container: bool = False

    def unit_file(self, service: str) -> str:
        """What makes the service; ours, where nobody else has made one."""
        return f"{self.folder}/{service[: -len(_SERVICE)]}{self.suffix}"

    def dropin(self, service: str, name: str = DROPIN) -> str:
        """Of ours, with the settings of the server, whosever the unit is."""
        return f"{self.unit_file(service)}.d/{name}"


SYSTEMD = Deployment("systemd", UNITS, _SERVICE, "Service")
QUADLET = Deployment("quadlet", QUADLETS, ".container", "Container", in_container=True)
DEPLOYMENTS = {one.word: one for one in (SYSTEMD, QUADLET)}
COMPOSE = "compose"
"""A container of Docker's, or of Podman's by its socket: no service, so that it has no row; the server is known by its address."""
WORDS = (*DEPLOYMENTS, COMPOSE)


def deployment_of(path: str) -> Deployment:
    """By the name of a unit file, or of one of its drop-ins."""
    return next((one for one in DEPLOYMENTS.values() if one.suffix in _suffixes(path)), SYSTEMD)


def service_of(path: str) -> str:
    """The service that a unit file makes, or a drop-in belongs to; its own name for what makes none, as a target."""
    found = next((name for name in _names(path) if name.endswith(deployment_of(path).suffix)), os.path.basename(path))
    stem, suffix = os.path.splitext(found)
    return f"{stem}{_SERVICE}" if suffix == deployment_of(path).suffix else found


def _suffixes(path: str) -> list[str]:
    return [os.path.splitext(name)[1] for name in _names(path)]


def _names(path: str) -> Iterator[str]:
    """Of the file, and of what it would be a drop-in of."""
    yield os.path.basename(path)
    folder = os.path.basename(os.path.dirname(path))
    if folder.endswith(".d"):
        yield folder[: -len(".d")]
