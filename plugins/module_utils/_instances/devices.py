# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPUs of one instance, as the environment variables that show a server no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from .._base.readers import InvalidValue

NVIDIA = "CUDA_VISIBLE_DEVICES"
AMD = "ROCR_VISIBLE_DEVICES"
NO_DEVICE = "-1"
"""An id that no GPU has leaves the CPU (Ollama's documentation, docs/gpu.mdx)."""
VULKAN = "OLLAMA_VULKAN"
_VARIABLES = {"nvidia": NVIDIA, "amd": AMD}
_FORMS = {
    NVIDIA: re.compile(r"(?:GPU|MIG)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE),  # nvidia-smi -L
    AMD: re.compile(r"GPU-[0-9a-f]{16}", re.ASCII | re.IGNORECASE),  # rocminfo
}
_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)
_RIGHT = "give the UUIDs that 'nvidia-smi -L' or 'rocminfo' shows"


class DeviceError(InvalidValue):
    """Devices that cannot be given to one server; the message is one sentence."""


def read_devices(raw: Any) -> tuple[str, ...] | None:
    """The devices as texts; None where the server may see all. Raises `DeviceError`."""
    if raw is None:
        return None
    if not isinstance(raw, (list, tuple)):
        raise DeviceError(f"devices {raw!r} is not a list: {_RIGHT}, or [] for none")
    devices = tuple(str(device) for device in raw if not isinstance(device, bool))
    for device in devices:
        if not _NUMBER.fullmatch(device) and not any(form.fullmatch(device) for form in _FORMS.values()):
            raise DeviceError(f"device {device!r} is not the UUID of a GPU: {_RIGHT}")
    if len(devices) != len(raw):
        raise DeviceError(f"devices {raw!r} holds what is no device: {_RIGHT}")
    return devices


def device_environment(devices: Sequence[str] | None, gpu: str) -> dict[str, str]:
    """The variables for `devices` on a host of the kind `gpu`; only nvidia and amd tell whose they are. Raises `DeviceError`."""
    if devices is None:
        return {}
    if not devices:
        return dict.fromkeys((NVIDIA, AMD), NO_DEVICE)
    makers = {_VARIABLES[gpu]} if gpu in _VARIABLES else set(_makers(devices))
    if len(makers) != 1:
        raise DeviceError(f"devices {', '.join(devices)} do not tell whose they are: {_RIGHT}, of one maker only, or set gpu to nvidia or amd")
    return {makers.pop(): ",".join(devices)}


def _makers(devices: Sequence[str]) -> Iterator[str]:
    """Nothing for a mere number: it may be anybody's."""
    for device in devices:
        yield from (variable for variable, form in _FORMS.items() if form.fullmatch(device))
