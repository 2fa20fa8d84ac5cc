# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers in containers as the doctor sees them, with one fault each: the finding's code, an examination, what is seen, what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.container import ContainerLook, Mount, Project

from .examinations import healthy, server, unit
from .values import resident

ID = "1f" * 32
DIGESTS = ("aa" * 32, "bb" * 32)
NVML = "Failed to initialize NVML: Unknown Error"
FILES = ("/srv/ollama/compose.yaml",)
RUN = ("/usr/bin/docker", "run", "--rm", "--name", "ollama", "ollama/ollama")


def box(**changes: Any) -> ContainerLook:
    """A container in order."""
    made = ContainerLook(
        id=ID,
        engine="docker",
        pid=4711,
        name="ollama",
        environment={"OLLAMA_KEEP_ALIVE": "45m", "PATH": "/bin"},
        image_name="ollama/ollama:latest",
        image=DIGESTS[0],
        tagged=DIGESTS[0],
        published=("127.0.0.1:11434",),
        gpus=("/dev/nvidia0", "/dev/nvidiactl"),
        project=Project("ai", "ollama", FILES, {"OLLAMA_KEEP_ALIVE": "45m"}),
    )
    return replace(made, **changes)


def contained(**changes: Any) -> Any:
    """A host on which nothing is wrong but what is said of the container."""
    return healthy(container=box(**changes))


def wrapped(**changes: Any) -> Any:
    """The unit runs an engine's command."""
    return healthy(unit=unit({"executable": RUN[0], "command": RUN}, serves=False), **changes)


CONTAINER_CASES: dict[str, tuple[Any, str, str]] = {
    "unit_wraps_container": (wrapped(), "ExecStart=/usr/bin/docker run --rm", "ollama_server_deployment: quadlet"),
    "environment_not_in_container": (
        contained(environment={"OLLAMA_KEEP_ALIVE": "5m", "PATH": "/bin"}),
        "/srv/ollama/compose.yaml: OLLAMA_KEEP_ALIVE=45m\n/proc/4711/environ: OLLAMA_KEEP_ALIVE=5m",
        "docker compose --project-name ai up --detach ollama",
    ),
    "gpu_lost_in_container": (contained(gpu_failure=NVML), f"docker exec ollama nvidia-smi -L: {NVML}", "docker restart ollama"),
    "gpu_not_in_container": (contained(gpus=()), "/proc/4711/root/dev: no GPU", "--device nvidia.com/gpu=all"),
    "image_tag_moved": (contained(tagged=DIGESTS[1]), "docker image inspect ollama/ollama:latest: bbbbbbbbbbbb", "a digest"),
    "container_port_exposed": (contained(published=("0.0.0.0:11500",)), "HostPort 0.0.0.0:11500", "127.0.0.1:11500:11434"),
    "container_memory_too_small": (
        replace(contained(memory=1000), server=server(replace(resident("a"), size=4000, size_vram=1000))),
        "docker inspect ollama: Memory 1000",
        "raise the container's memory limit",
    ),
    "container_mount_denied": (
        contained(mounts=(Mount("/srv/models", "/root/.ollama", "it belongs to user 0, and the server runs as 1000"),)),
        "stat /srv/models: it belongs to user 0",
        "chown -R 1000 /srv/models",
    ),
    "container_mount_label": (contained(mounts=(Mount("/srv/models", "/root/.ollama", label="default_t"),)), "ls -Z /srv/models: default_t", ":z"),
}
