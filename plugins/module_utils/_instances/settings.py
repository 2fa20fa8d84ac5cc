# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of each instance: its own where it has some, else the roles' variables. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .clashes import shown
from .devices import AMD, NVIDIA, VULKAN, DeviceError, device_environment
from .entry import Entry
from .options import OPTIONS

NO_PRUNE = "OLLAMA_NOPRUNE"


@dataclass(frozen=True)
class Host:
    """What the roles' variables say for every instance of a host.

    `entries`: its instances. `resident`: the models that are to be in memory, None where nobody declared any. `folder`:
    where models are on the disk, None for the server's home. `max_loaded`: None where nobody set it.
    """

    entries: Sequence[Entry]
    resident: Sequence[Any] | None
    folder: str | None
    max_loaded: Any

    def models(self, entry: Entry) -> Any:
        """The models of the instance that are to be in memory."""
        return self.resident if entry.models is None else entry.models

    def store(self, entry: Entry) -> str | None:
        """The folder of its models; instances of one host that name none share their account's."""
        folder = entry.own["server"].get("models", self.folder)
        return str(folder).rstrip("/") if folder else None

    def max_loaded_models(self, entry: Entry, role: str) -> Any:
        """As declared for the instance or the host; None where nobody has declared it."""
        for own in (entry.own[role], entry.own["server"]):
            if "max_loaded_models" in own:
                return own["max_loaded_models"]
        return self.max_loaded

    def sharing(self, entry: Entry) -> list[Entry]:
        """The others whose models are in the same folder."""
        return [other for other in self.entries if other is not entry and self.store(other) == self.store(entry)]


def server_settings(entry: Entry, flat: Mapping[str, Any], host: Host) -> dict[str, Any]:
    """For the role ollama_server. Raises `DeviceError`."""
    settings = merged(entry, "server", flat)
    settings["host"] = shown(entry.address)
    settings["max_loaded_models"] = host.max_loaded_models(entry, "server")
    settings["environment"] = _environment(entry, flat.get("environment") or {}, str(settings.get("gpu")))
    return settings


def server_defaults(entry: Entry, host: Host) -> dict[str, str]:
    """Variables that follow from the other servers of the host: a server that starts deletes the blobs that no manifest names, which
    another may be in the middle of fetching."""
    return {NO_PRUNE: "1"} if host.sharing(entry) else {}


def merged(entry: Entry, role: str, flat: Mapping[str, Any]) -> dict[str, Any]:
    """The role's options, the instance's own first; what neither has is left out."""
    found = {**flat, **entry.own[role]}
    return {name: found[name] for name in OPTIONS[role] if name in found}


def _environment(entry: Entry, common: Any, gpu: str) -> Any:
    """What is no mapping is the judge's to refuse."""
    own = entry.own["server"].get("environment") or {}
    if not isinstance(own, Mapping) or not isinstance(common, Mapping):
        return own
    devices = device_environment(entry.devices, gpu)
    for name in own:
        if name in (NVIDIA, AMD) and devices:
            raise DeviceError(f"{name} is set by devices and again in server.environment: keep one of them")
    # From 0.30 on Vulkan is on, and finds the GPUs again that the other variables hide (ollama/ollama#16508, #16592, #17609).
    confined = {} if entry.devices is None else {VULKAN: "0"}
    return {**confined, **common, **own, **devices}
