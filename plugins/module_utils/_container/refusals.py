# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a server cannot be deployed in a container here, before anything is changed, one sentence each."""

from __future__ import annotations

import os
from collections.abc import Iterator

from .._base.systemctl import Run
from .devices import devices_for, missing_devices
from .engine import argument_error, pinned, podman_version
from .place import find_place, in_the_way, of_a_user
from .wanted import Wanted

OLDEST_PODMAN = (5, 0)
_LOCAL = "localhost/"


def refusals(wanted: Wanted, run: Run) -> list[str]:
    """Of a host without the engine only that one. Raises `OSError`."""
    without = _engine_refusal(wanted, run)
    if without:
        return [without]
    has_unit = bool(find_place(wanted).path)
    rootless = "" if has_unit else of_a_user(wanted)
    sentences = [in_the_way(wanted), rootless, *_image_refusals(wanted, has_unit, run), *_argument_refusals(wanted, run), *missing_devices(devices_for(wanted))]
    return [f"{wanted.unit}: {sentence}." for sentence in sentences if sentence]


def _engine_refusal(wanted: Wanted, run: Run) -> str:
    """Of a host that cannot run it; nothing where it can."""
    if os.geteuid() != 0:
        return f"{wanted.unit}: ollama_server_deployment is quadlet, which is Podman as root: use become."
    version = podman_version(run)
    if version is None:
        return f"{wanted.unit}: ollama_server_deployment is quadlet, and this host has no podman: install it, 5.0 or newer."
    if version < OLDEST_PODMAN:
        shown = ".".join(map(str, version))
        return f"{wanted.unit}: this host has Podman {shown}, whose units take no drop-ins: ollama_server_deployment quadlet needs Podman 5.0 or newer."
    return ""


def _image_refusals(wanted: Wanted, has_unit: bool, run: Run) -> Iterator[str]:
    if not wanted.image:
        if not has_unit:
            yield "ollama_server_container_image is not set, and nobody else has made a unit that names one: name it"
    elif wanted.image.startswith(_LOCAL) and not wanted.archive and pinned(run, wanted.image) is None:
        yield f"the image {wanted.image} is not on this host, and no registry has it: give ollama_server_container_archive, or another image"


def _argument_refusals(wanted: Wanted, run: Run) -> Iterator[str]:
    error = argument_error(run, wanted.arguments) if wanted.arguments else ""
    if error:
        yield f"ollama_server_podman_args is {' '.join(wanted.arguments)}, which podman run does not take: {error}"
