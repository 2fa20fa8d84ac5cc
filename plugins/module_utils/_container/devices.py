# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which devices of the host a container gets, and whether the host has them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from .._base.layout import below, names_in
from .wanted import Wanted

NVIDIA = ("nvidia.com/gpu=all",)
AMD = ("/dev/kfd", "/dev/dri")
_NVIDIA_DRIVER = "/dev/nvidiactl"
_SPECIFICATIONS = ("/etc/cdi", "/var/run/cdi")
_LIMIT = 4 << 20  # bytes
_REMEDIES = {"nvidia.com": " (nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml)"}


def devices_for(wanted: Wanted, root: str = "/") -> list[str]:
    """As declared, else those of the GPUs that the host has."""
    if wanted.devices is not None:
        return list(wanted.devices)
    has = {kind: os.path.exists(below(root, path)) for kind, path in (("nvidia", _NVIDIA_DRIVER), ("amd", AMD[0]))}
    asked = {"nvidia": {"nvidia"}, "amd": {"amd"}, "none": set()}.get(wanted.gpu, {kind for kind, there in has.items() if there})
    return [*(NVIDIA if "nvidia" in asked else ()), *(AMD if "amd" in asked else ())]


def missing_devices(devices: Sequence[str], root: str = "/") -> Iterator[str]:
    """A sentence for each that the host does not have."""
    for device in devices:
        path = device.partition(":")[0].lstrip("-")
        if path.startswith("/"):
            if not device.startswith("-") and not os.path.exists(below(root, path)):
                yield f"the container is to get {path}, which this host does not have: load its driver, or set ollama_server_container_devices"
        elif not _is_described(device, root):
            vendor = device.partition("/")[0]
            yield (
                f"the container is to get {device}, which no specification of CDI in {' or '.join(_SPECIFICATIONS)} describes: have one made"
                f"{_REMEDIES.get(vendor, '')}, or set ollama_server_container_devices"
            )


def _is_described(device: str, root: str) -> bool:
    """By text: Python's standard library reads no YAML."""
    kind, _equals, name = device.partition("=")
    return any(_names(text, "kind", kind) and _names(text, "name", name) for text in _specifications(root))


def _names(text: str, key: str, value: str) -> bool:
    return re.search(rf"""(?m)["']?\b{key}["']?\s*:\s*["']?{re.escape(value)}["']?\s*,?\s*[}}\]]*\s*(?:$|,)""", text) is not None


def _specifications(root: str) -> Iterator[str]:
    for folder in _SPECIFICATIONS:
        for name in names_in(folder, root):
            if name.endswith((".json", ".yaml", ".yml")):
                with open(below(root, f"{folder}/{name}"), encoding="utf-8", errors="replace") as file:
                    yield file.read(_LIMIT)
