# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose service runs it in a container: its process, which is not the service's own, and what its image gives it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from .._base.proc import stat_fields
from .._base.systemctl import Run
from .environment import Manager
from .host import Process, Unit, read_process
from .unit_file import UnitFile, settings_of

_PROXIES = frozenset(name for plain in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy") for name in (plain, plain.upper()))
"""Which Podman passes on to every container (podman-run(1), --http-proxy)."""


def server_process(unit: Unit) -> Process | None:
    """What serves; None where nothing does. Raises `HostError`."""
    if not unit.deployment.in_container:
        return read_process(unit.main_pid) if unit.main_pid else None
    below = [process for process in map(read_process, _descendants(unit.main_pid)) if process] if unit.main_pid else []
    return next((process for process in below if "serve" in process.arguments), below[0] if below else None)


def _descendants(pid: int) -> list[int]:
    """Of the process that waits for the container's end, which is the service's own; the nearest first."""
    children = [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _parent(int(entry)) == pid]
    return [*children, *(grandchild for child in children for grandchild in _descendants(child))]


def _parent(pid: int) -> int:
    try:
        return int(stat_fields(pid)[1])
    except OSError:  # it has ended
        return 0


def image_of(files: Sequence[UnitFile]) -> str:
    """The image that a unit of Podman's names; nothing where it names none."""
    named = [entry.value for file in files for entry in settings_of(file) if (entry.section, entry.directive) == (file.section, "Image")]
    return named[-1] if named else ""


def inherited(run: Run, manager: Manager, files: Sequence[UnitFile]) -> Manager:
    """What a server in a container has before its unit gives it anything: nothing of systemd's but its proxies, and what the image has."""
    image = image_of(files)
    proxies = {key: value for key, value in manager.environment.items() if key in _PROXIES}
    return Manager({**proxies, **image_environment(run, image)}, source=f"the image {image}")


def image_environment(run: Run, image: str) -> dict[str, str]:
    """As the image has it; nothing where Podman does not have the image."""
    status, output, _error = run(["podman", "image", "inspect", "--format", "{{json .Config.Env}}", image])
    pairs = (text.partition("=") for text in _listed(output) if isinstance(text, str)) if image and status == 0 else ()
    return {key: value for key, equals, value in pairs if equals}


def _listed(output: str) -> Sequence[Any]:
    try:
        found = json.loads(output)
    except ValueError:
        return ()
    return found if isinstance(found, list) else ()

