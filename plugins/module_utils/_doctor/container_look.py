# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container that the server runs in, by /proc and by its engine. Reads only; of an engine without root, only what /proc tells is known."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._base.readers import printed_list
from .._base.systemctl import Run
from .._base.text import one_line
from .._residency.server.containers import ContainerServer, container_server_at, container_servers
from .._residency.server.process import read, users
from .._residency.server.processes import server_processes
from .container import ContainerLook, Mount, Project
from .examination import entries_of

_ENGINES = {"conmon": "podman", "containerd-shim": "docker"}
_GPUS = ("nvidia*", "kfd", "dri/renderD*")
_EVERYWHERE = ("", "0.0.0.0", "::")
_SHARED = ("container_file_t", "container_ro_file_t", "container_share_t", "svirt_sandbox_file_t", "nfs_t", "cifs_t", "fusefs_t")
"""What SELinux's policy lets containers use (container-selinux, container.te)."""
_LABELS = "com.docker.compose."


def look_at_container(run: Run, unit: str, url: str, root: str = "/") -> ContainerLook | None:
    """None where the server is in no container of this machine."""
    proc = os.path.join(root, "proc")
    found = _found(unit, url, proc)
    if found is None:
        return None
    engine = next((word for start, word in _ENGINES.items() if found.monitor and found.monitor.program.startswith(start)), "docker")
    told = _inspect(run, [engine, "inspect", found.id])
    settings, network, config = (_part(told, key) for key in ("HostConfig", "NetworkSettings", "Config"))
    gpus = _gpus(proc, found.server.pid)
    name = str(config.get("Image") or "")
    return ContainerLook(
        id=found.id,
        engine=engine,
        pid=found.server.pid,
        name=str(told.get("Name") or "").lstrip("/"),
        environment=_environment(proc, found.server.pid),
        image_name=name,
        image=_digits(told.get("Image")),
        tagged=_digits(_inspect(run, [engine, "image", "inspect", name]).get("Id")) if name else "",
        published=tuple(dict.fromkeys(_published(_part(network, "Ports")))),
        memory=int(settings.get("Memory") or 0),
        mounts=tuple(_mounts(told, users([found.server], proc), root)),
        gpus=gpus,
        gpu_failure=_gpu_failure(run, [engine, "exec", found.id, "nvidia-smi", "-L"]) if any("nvidia" in node for node in gpus) else "",
        project=_project(run, _part(config, "Labels")),
    )


def _found(unit: str, url: str, proc: str) -> ContainerServer | None:
    own = server_processes(unit, proc)
    if own is None:
        return container_server_at(url, proc)
    return next((one for one in container_servers(proc) if one.server.pid == own.server.pid), None)


def _inspect(run: Run, command: Sequence[str]) -> Mapping[str, Any]:
    status, output, _error = run(command)
    entries = printed_list(output) if status == 0 else []
    return entries[0] if entries and isinstance(entries[0], dict) else {}


def _part(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = told.get(key)
    return found if isinstance(found, dict) else {}


def _digits(raw: Any) -> str:
    """Docker writes sha256: before an image's id, Podman does not."""
    return str(raw or "").rpartition(":")[2]


def _environment(proc: str, pid: int) -> dict[str, str]:
    pairs = (word.partition("=") for word in read(proc, str(pid), "environ").split("\0"))
    return {key: value for key, equals, value in pairs if equals}


def _published(ports: Mapping[str, Any]) -> Iterator[str]:
    """Docker names every interface twice, for IPv4 and for IPv6."""
    for bindings in ports.values():
        for one in (entry for entry in entries_of(bindings) if isinstance(entry, dict)):
            host = str(one.get("HostIp") or "")
            yield f"{'0.0.0.0' if host in _EVERYWHERE else host}:{one.get('HostPort')}"


def _mounts(told: Mapping[str, Any], uids: frozenset[int], root: str) -> Iterator[Mount]:
    for one in (entry for entry in entries_of(told.get("Mounts")) if isinstance(entry, dict)):
        source = str(one.get("Source") or "")
        if one.get("Type") == "bind" and source.startswith("/"):
            denied = _denied(source, uids) if one.get("RW") else ""
            yield Mount(source, str(one.get("Destination") or ""), denied, _foreign_label(source, root))


def _denied(source: str, uids: frozenset[int]) -> str:
    """Root of the container is root here, or the user that an engine without root runs as; groups of others are not known. Nor is a folder
    that was removed or is hidden: the container has what was there when it started."""
    try:
        found = os.stat(source)
    except OSError:
        return ""
    if not uids or uids & {0, found.st_uid} or found.st_mode & 0o022:
        return ""
    return f"it belongs to user {found.st_uid}, and the server runs as {min(uids)}"


def _foreign_label(source: str, root: str) -> str:
    """Only where SELinux is enforcing."""
    try:
        if read(root, "sys/fs/selinux/enforce").strip() != "1":
            return ""
        kind = os.getxattr(source, "security.selinux").decode("utf-8", "replace").strip("\0").split(":")[2]
    except (OSError, IndexError):
        return ""
    return "" if kind in _SHARED else kind


def _gpus(proc: str, pid: int) -> tuple[str, ...]:
    folder = f"{proc}/{pid}/root/dev"
    return tuple(sorted(f"/dev/{os.path.relpath(path, folder)}" for pattern in _GPUS for path in glob.glob(f"{folder}/{pattern}")))


def _gpu_failure(run: Run, command: Sequence[str]) -> str:
    """A container without nvidia-smi tells nothing."""
    status, output, error = run(command)
    said = one_line(f"{output} {error}".strip())
    return said if status != 0 and "NVML" in said else ""


def _project(run: Run, labels: Mapping[str, Any]) -> Project | None:
    name, service = (str(labels.get(f"{_LABELS}{key}") or "") for key in ("project", "service"))
    if not name or not service:
        return None
    files = tuple(filter(None, str(labels.get(f"{_LABELS}project.config_files") or "").split(",")))
    given = [word for file in files for word in ("--file", file)]
    status, output, _error = run(["docker", "compose", "--project-name", name, *given, "config", "--format", "json"]) if files else (1, "", "")
    return Project(name, service, files, _declared(output, service) if status == 0 else None)


def _declared(output: str, service: str) -> dict[str, str] | None:
    try:
        found = json.loads(output)
    except ValueError:
        return None
    environment = _part(_part(_part(found if isinstance(found, dict) else {}, "services"), service), "environment")
    return {key: str(value) for key, value in environment.items() if value is not None}
