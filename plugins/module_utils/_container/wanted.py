# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in a container, as it is declared. Values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """`image`: empty where nobody has declared one. `archive`: of the image, by its path on the controller. `devices`: None for those of the GPUs that `gpu`
    tells of. `folder`: of the models on this host, empty for a volume of the engine's.
    `wanted_by`: the target that starts it, if one does."""

    unit: str
    deployment: str
    image: str = ""
    archive: str = ""
    devices: Sequence[str] | None = None
    memory: str = ""
    restart: str = "always"
    arguments: Sequence[str] = ()
    gpu: str = "auto"
    folder: str = ""
    wanted_by: str = ""


def wanted_server(given: Mapping[str, Any]) -> Wanted:
    """From an element of the module's option `servers`."""
    return Wanted(
        unit=given["unit"],
        deployment=given["deployment"],
        image=given["container_image"] or "",
        archive=given["container_archive"] or "",
        devices=given["container_devices"],
        memory=given["container_memory"] or "",
        restart=given["container_restart"],
        arguments=given["podman_args"],
        gpu=given["gpu"],
        folder=given["folder"] or "",
        wanted_by=given["wanted_by"] or "",
    )
