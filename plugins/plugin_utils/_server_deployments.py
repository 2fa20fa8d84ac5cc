# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server has otherwise where it runs in a container: what it cannot have, and how M(keepwarm.ollama.ollama_compose) takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import COMPOSE, SYSTEMD
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import read_switch
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.address import effective_address

_GPU_SECONDS = "30"
"""As defaults/main.yml of the role has it."""


def deployment_problems(settings: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """What a server in a container cannot have besides."""
    deployment = settings.get("deployment") or SYSTEMD.word
    if deployment == SYSTEMD.word:
        return []
    found = [] if deployment == COMPOSE else _podman_problems(environment)
    if deployment == COMPOSE and settings.get("podman_args"):
        found.append("ollama_server_podman_args is set, but ollama_server_deployment is compose, where docker compose makes the container: leave it out")
    if deployment == COMPOSE and settings.get("oom_policy") not in (None, "", "auto"):
        found.append(
            f"ollama_server_oom_policy is {settings['oom_policy']}, but ollama_server_deployment is compose, where systemd stops nothing when the kernel kills"
            " one process of the server: leave it at auto"
        )
    return found


def install_problems(deployments: Collection[str], install: Any) -> list[str]:
    """Of a host all of whose servers come with their images. `deployments`: of each server."""
    if install in (None, "", "never") or not deployments or SYSTEMD.word in deployments:
        return []
    words = " and ".join(sorted(set(deployments)))
    return [f"ollama_server_install is {install}, but ollama_server_deployment is {words}, whose server comes with its image: leave it at never"]


def _podman_problems(environment: Mapping[str, str]) -> list[str]:
    expanded = [name for name, value in environment.items() if "$" in value]
    found = [f"{name} has a $, which a unit of Podman's does not carry to the server: leave it out of the value" for name in expanded]
    folder = environment.get("OLLAMA_MODELS", "")
    if ":" in folder:
        found.append(f"the folder of the models, {folder}, has a colon, with which Podman mounts none into a container: take another")
    return found


def composed(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as M(keepwarm.ollama.ollama_compose) takes it."""
    settings, judged = entry["settings"], entry["judged"]
    return {
        **{name: value for name, value in entry["container"].items() if name not in ("podman_args", "wanted_by")},
        "name": entry["name"],
        "environment": judged["environment"],
        "defaults": judged["defaults"],
        "models": entry["models"] or [],
        "start": start_word(settings.get("start", "auto")),
        "restart": settings.get("restart") or "auto",
        "ready_timeout": settings.get("ready_timeout") or 120,
        "warnings": [*judged["warnings"], *_warnings(entry["unit"], settings, judged["environment"])],
    }


def _warnings(unit: str, settings: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[str]:
    """What is not as it is for a unit."""
    address = environment.get("OLLAMA_HOST", "127.0.0.1")
    if effective_address(address).beyond_loopback:
        yield (
            f"{unit} listens beyond loopback (OLLAMA_HOST is {address}), and Ollama has no authentication: whoever reaches it may use, unload and"
            " delete its models."
        )
    if str(settings.get("gpu_timeout") or _GPU_SECONDS) != _GPU_SECONDS:
        yield f"ollama_server_gpu_timeout is {settings['gpu_timeout']}, which does not count for {unit}: a container of Compose waits for no GPU."


def start_word(raw: Any) -> str:
    """auto, true or false; what is none of them as text."""
    if raw == "auto":
        return "auto"
    switch = read_switch(raw)
    return str(raw) if switch is None else str(switch).lower()
