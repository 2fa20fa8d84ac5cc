# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with a server in a container: what was declared against what it has. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._base.text import human_bytes
from .._systemd.masking import masked
from .._systemd.wrapper import wrapper_of
from .container import ContainerLook
from .examination import Examination
from .finding import PROBLEM, WARNING, Finding, Kind, seen, setting

WRAPPER = Kind(
    "unit_wraps_container",
    WARNING,
    "{unit} only runs a container, by {wrapper}: what systemd gives it does not reach the server",
    "have it managed (ollama_server_deployment: quadlet), or leave it to its owner and declare its address only (ollama_warmup_url): docs/containers.md",
)
NOT_REACHED = Kind(
    "environment_not_in_container",
    PROBLEM,
    "{source} sets {key}, but the server in container {container} does not have it",
    "{remedy}",
)
GPU_LOST = Kind(
    "gpu_lost_in_container",
    PROBLEM,
    "container {container} has lost its GPU, which the host still has: {said}",
    "{engine} restart {container}; and give it the GPU by CDI (nvidia-ctk cdi generate), which no daemon-reload takes away",
)
GPU_NOT_GIVEN = Kind(
    "gpu_not_in_container",
    PROBLEM,
    "the host has a GPU ({card}), but container {container} was given none",
    "create it with --device nvidia.com/gpu=all (CDI), or with --device /dev/kfd --device /dev/dri for AMD",
)
TAG_MOVED = Kind(
    "image_tag_moved",
    WARNING,
    "{image} is another image by now than the one that container {container} runs: it changes when the container is made anew",
    "name a release or a digest in place of the tag, and upgrade on purpose",
)
PUBLISHED = Kind(
    "container_port_exposed",
    WARNING,
    "container {container} is published at {address}, past most firewalls, and Ollama has no authentication: anybody may unload its models",
    "publish it as 127.0.0.1:{port}:11434, with a gateway before it",
)
MEMORY = Kind(
    "container_memory_too_small",
    PROBLEM,
    "container {container} may use {limit}, but its declared models take {wanted} of the host's memory",
    "raise the container's memory limit, or declare fewer or smaller models",
)
OWNER = Kind(
    "container_mount_denied", PROBLEM, "the server in container {container} may not write to {source} (its {destination}): {denied}", "chown -R {uid} {source}"
)
LABEL = Kind(
    "container_mount_label",
    PROBLEM,
    "SELinux keeps container {container} from {source}, which is labelled {label}",
    "mount it with :z, or semanage fcontext -a -t container_file_t '{source}(/.*)?' and restorecon -R {source}",
)
KINDS = (WRAPPER, NOT_REACHED, GPU_LOST, GPU_NOT_GIVEN, TAG_MOVED, PUBLISHED, MEMORY, OWNER, LABEL)
_OLLAMAS = ("OLLAMA_", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


def check(look: Examination) -> Iterator[Finding]:
    """Nothing where the server is in no container."""
    wrapper = _wrapper(look)
    if wrapper and look.unit:
        yield WRAPPER.found(seen(look.unit.unit.fragment_path, f"ExecStart={' '.join(look.unit.unit.command)}"), unit=look.unit_name, wrapper=wrapper)
    container = look.container
    if container is None:
        return
    yield from _environment(look, container, bool(wrapper))
    yield from _gpu(look, container)
    yield from _image(container)
    for address in container.published:
        if address.startswith("0.0.0.0:"):
            evidence = seen(f"{container.engine} inspect {container.label}", f"HostPort {address}")
            yield PUBLISHED.found(evidence, container=container.label, address=address, port=address.rpartition(":")[2])
    yield from _memory(look, container)
    yield from _mounts(container)


def _wrapper(look: Examination) -> str:
    """The engine's program that the unit runs; empty for a unit that Podman made, which is deployed as it should be."""
    if look.unit is None or not look.unit.unit.exists or look.unit.unit.deployment.in_container:
        return ""
    found = wrapper_of(look.unit.unit.command, (), None, ())
    return (found or "").partition(",")[0] if found and found.endswith("elsewhere") else ""


def _environment(look: Examination, container: ContainerLook, wrapped: bool) -> Iterator[Finding]:
    project = container.project
    if wrapped and look.unit:
        remedy = f"add --env to the command of {look.unit_name}; or the ways of docs/containers.md"
        yield from _missing(look.unit.effective.values, look.unit_name, remedy, container)
    if project and project.environment is not None:
        remedy = f"docker compose --project-name {project.name} up --detach {project.service}"
        yield from _missing(project.environment, " ".join(project.files), remedy, container)


def _missing(declared: Mapping[str, str | None], source: str, remedy: str, container: ContainerLook) -> Iterator[Finding]:
    for key, value in sorted(declared.items()):
        has = container.environment.get(key)
        if container.environment and value is not None and key.startswith(_OLLAMAS) and has != value:
            there = seen(f"/proc/{container.pid}/environ", f"no {key}" if has is None else f"{key}={masked(key, has)}")
            yield NOT_REACHED.found(setting(source, key, value), there, source=source, key=key, container=container.label, remedy=remedy)


def _gpu(look: Examination, container: ContainerLook) -> Iterator[Finding]:
    if not look.driver.nodes or not look.gpu_expected:
        return
    if container.gpu_failure and not look.driver.smi_failure:
        evidence = seen(f"{container.engine} exec {container.label} nvidia-smi -L", container.gpu_failure)
        yield GPU_LOST.found(evidence, container=container.label, said=container.gpu_failure, engine=container.engine)
    elif not container.gpus:
        host, inside = seen("/dev", " ".join(look.driver.nodes)), seen(f"/proc/{container.pid}/root/dev", "no GPU")
        yield GPU_NOT_GIVEN.found(host, inside, card=look.gpu_expected, container=container.label)


def _image(container: ContainerLook) -> Iterator[Finding]:
    if container.image and container.tagged and container.image != container.tagged:
        evidence = seen(f"{container.engine} image inspect {container.image_name}", f"{container.tagged[:12]}, and the container's is {container.image[:12]}")
        yield TAG_MOVED.found(evidence, image=container.image_name, container=container.label)


def _memory(look: Examination, container: ContainerLook) -> Iterator[Finding]:
    """By what the listed models take outside the GPU: all of it where there is none, whatever the server says (docs/ollama-semantics.md, `size_vram`)."""
    observation = look.server.observation if look.server else None
    declared = {model.name for model in look.policy.models} if look.policy else set()
    entries = [entry for entry in (observation.resident if observation else ()) if entry.name in declared]
    wanted = sum(entry.size - (entry.size_vram if look.driver.count else 0) for entry in entries)
    if observation and look.policy and not look.driver.count:
        absent = declared - {entry.name for entry in entries}
        wanted += sum(model.size for model in observation.installed if model.name in absent)
    if 0 < container.memory < wanted:
        evidence = seen(f"{container.engine} inspect {container.label}", f"Memory {container.memory}")
        yield MEMORY.found(evidence, container=container.label, limit=human_bytes(container.memory), wanted=human_bytes(wanted))


def _mounts(container: ContainerLook) -> Iterator[Finding]:
    for mount in container.mounts:
        common = {"container": container.label, "source": mount.source}
        if mount.denied:
            uid = mount.denied.rpartition(" ")[2]
            yield OWNER.found(seen(f"stat {mount.source}", mount.denied), destination=mount.destination, denied=mount.denied, uid=uid, **common)
        if mount.label:
            yield LABEL.found(seen(f"ls -Z {mount.source}", mount.label), label=mount.label, **common)
