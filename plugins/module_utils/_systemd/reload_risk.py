# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers of Docker's would lose their GPU by a daemon-reload, and what to say of it.

The legacy NVIDIA runtime gives a container its GPU behind systemd's back. With control groups of version 2, systemd then takes it away
whenever it reads its units anew (https://github.com/NVIDIA/nvidia-container-toolkit/issues/48). What CDI gives, or `--device`, stays.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .._base.files import read_bytes
from .._base.layout import below
from .._base.readers import printed_list
from .._base.systemctl import Run

RELOAD = "daemon-reload"
_DAEMON = "/etc/docker/daemon.json"
_TOOLKIT = "/etc/nvidia-container-runtime/config.toml"
_HOOKS = ("/usr/bin/nvidia-container-runtime-hook", "/usr/bin/nvidia-container-toolkit")
"""What dockerd itself runs for `--gpus`, without any runtime that is named."""
_VERSION_2 = "/sys/fs/cgroup/cgroup.controllers"
_BY_CDI = re.compile(r'^\s*mode\s*=\s*"(?:jit-)?cdi"', re.MULTILINE)
_NO_GPUS = ("", "none", "void")
_LIMIT = 1 << 20  # bytes


class ReloadRefused(Exception):
    """A daemon-reload is due that would take a GPU away; the message is one sentence."""


def reload_warning(role: str, is_allowed: bool, run: Run, predicted: Callable[[], Collection[str]], root: str = "/") -> str:
    """What to warn of before these steps; nothing where no container loses anything. The steps are asked for only where one would. Raises
    `ReloadRefused`."""
    names = containers_at_risk(run, root)
    if not names or RELOAD not in predicted():
        return ""
    if not is_allowed:
        raise ReloadRefused(refusal(role, names))
    return warning(names)


def refusal(role: str, names: Sequence[str]) -> str:
    """Why nothing is done."""
    return (
        f"systemd has to read its units anew (daemon-reload), by which the containers {', '.join(names)} would lose their GPU: they have it by the legacy"
        " NVIDIA runtime, with control groups of version 2. Give it to them by CDI (nvidia-ctk cdi generate, then --device nvidia.com/gpu=all), or set"
        f" {role}_allow_daemon_reload to true and restart them afterwards"
    )


def warning(names: Sequence[str]) -> str:
    """What may follow where it is allowed."""
    return f"after the daemon-reload, these containers may have lost their GPU: {', '.join(names)}. Restart them; CDI keeps it"


def containers_at_risk(run: Run, root: str = "/") -> list[str]:
    """Their names. Docker is asked only on a host that has the legacy runtime, where systemd looks after the control groups of containers."""
    daemon = _json(_text(_DAEMON, root))
    settings = daemon if isinstance(daemon, dict) else {}
    has_runtime = "nvidia" in [settings.get("default-runtime"), *(settings.get("runtimes") or ())]
    is_legacy = has_runtime or any(os.path.exists(below(root, hook)) for hook in _HOOKS)
    by_systemd = "native.cgroupdriver=cgroupfs" not in (settings.get("exec-opts") or ())
    if not (is_legacy and by_systemd and os.path.exists(below(root, _VERSION_2))):
        return []
    by_cdi = _BY_CDI.search(_text(_TOOLKIT, root)) is not None
    return sorted(str(one.get("Name") or one.get("Id")).lstrip("/") for one in _running(run) if _is_at_risk(one, by_cdi))


def _running(run: Run) -> Iterable[Mapping[str, Any]]:
    status, output, _error = run(["env", "docker", "ps", "--quiet", "--no-trunc"])
    ids = output.split() if status == 0 else []
    told = printed_list(run(["env", "docker", "inspect", *ids])[1]) if ids else []
    return [one for one in told if isinstance(one, dict)]


def _is_at_risk(container: Mapping[str, Any], by_cdi: bool) -> bool:
    """`by_cdi`: the NVIDIA runtime itself gives devices as CDI does. What asks for GPUs without that runtime gets them from the hook."""
    settings, config = container.get("HostConfig") or {}, container.get("Config") or {}
    if any(str(device.get("PathOnHost")).startswith("/dev/nvidia") for device in settings.get("Devices") or ()):
        return False
    requested = any(_is_for_gpus(request) for request in settings.get("DeviceRequests") or ())
    if settings.get("Runtime") != "nvidia":
        return requested
    wanted = [value for key, _equals, value in (pair.partition("=") for pair in config.get("Env") or ()) if key == "NVIDIA_VISIBLE_DEVICES"]
    return not by_cdi and (requested or any(value not in _NO_GPUS for value in wanted))


def _is_for_gpus(request: Mapping[str, Any]) -> bool:
    return request.get("Driver") != "cdi" and any("gpu" in among for among in request.get("Capabilities") or ())


def _text(path: str, root: str) -> str:
    with suppress(OSError):
        return read_bytes(os.path.realpath(below(root, path)), _LIMIT).decode("utf-8", "replace")
    return ""


def _json(text: str) -> Any:
    with suppress(ValueError):
        return json.loads(text)
    return None
