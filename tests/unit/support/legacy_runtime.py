# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with Docker and the legacy NVIDIA runtime, in the forms that `nvidia-ctk runtime configure` and `docker inspect` have."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

DAEMON: dict[str, Any] = {"default-runtime": "nvidia", "runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}}
CDI = {"Driver": "cdi", "Count": 0, "DeviceIDs": ["nvidia.com/gpu=all"], "Capabilities": None, "Options": None}
GPUS = {"Driver": "", "Count": -1, "DeviceIDs": None, "Capabilities": [["gpu"]], "Options": {}}
ALL = ["PATH=/bin", "NVIDIA_VISIBLE_DEVICES=all"]


def make_legacy(root: pathlib.Path, daemon: Any = None, version_2: bool = True) -> None:
    """The files of such a host."""
    files = {"etc/docker/daemon.json": json.dumps(DAEMON if daemon is None else daemon)}
    if version_2:
        files["sys/fs/cgroup/cgroup.controllers"] = "cpu memory pids\n"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def container(name: str, runtime: str = "runc", env: Sequence[str] = (), requests: Any = None, devices: Any = ()) -> dict[str, Any]:
    """As `docker inspect` has it."""
    settings = {"Runtime": runtime, "DeviceRequests": requests, "Devices": [{"PathOnHost": path} for path in devices]}
    return {"Id": f"{name}-id", "Name": f"/{name}", "HostConfig": settings, "Config": {"Env": list(env)}}


def docker(command: Sequence[str], running: Sequence[Mapping[str, Any]]) -> tuple[int, str, str]:
    """What Docker answers."""
    if command[:3] == ["env", "docker", "ps"]:
        return 0, "".join(f"{one['Id']}\n" for one in running), ""
    assert command[:3] == ["env", "docker", "inspect"]
    return 0, json.dumps([one for one in running if one["Id"] in command[3:]]), ""
