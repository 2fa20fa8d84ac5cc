# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Compose file of ours. Pure: written as text, since a host need not have a library for YAML; a text in JSON's quotes is YAML, too."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from .._base.layout import AGENT_RUNTIME, BOOT_FOLDERS, IN_CONTAINER_PROGRAMS, IN_CONTAINER_READINESS
from .._ownership.marks import role_mark
from .wanted import SERVICE, Composed

LABEL = "keepwarm.ollama.declared"
MADE_LABEL = "keepwarm.ollama.made"
"""Of all but the values of variables, which a container tells itself: a default that is declared by now is in force already."""
READY_PROGRAM = "health/ready.sh"
_ENVIRONMENT = "    environment:"
_VOLUME = "ollama"
_MODELS_OF_IMAGE = "/root/.ollama"
BY_RUNTIME = "nvidia"
"""All GPUs of NVIDIA, by the runtime of that name."""


def ready_program(wanted: Composed) -> str:
    """What the health check runs, on the host."""
    return os.path.join(os.path.dirname(wanted.file), READY_PROGRAM)


def project_text(wanted: Composed, image: str, environment: Mapping[str, str], devices: Sequence[str], defaults: Collection[str] = ()) -> str:
    """`image`: as it is pinned; `environment`: with the role's `defaults`, by name; `devices`: paths, names of CDI, or `nvidia` for all by NVIDIA's
    runtime. What only defaults have changed, or words of ours, counts at the next start: the label is of what was declared."""
    lines = [*_head(wanted, image), _ENVIRONMENT, *_variables(environment), *_devices(devices), *_volumes(wanted), *_health()]
    of_defaults, of_all = set(_variables({key: environment[key] for key in defaults})), {_ENVIRONMENT, *_variables(environment)}
    declared = _digest(line for line in lines if line not in of_defaults)
    made = _digest([*environment, *(line for line in lines if line not in of_all)])
    labels = ["    labels:", f"      {LABEL}: {_quoted(declared)}", f"      {MADE_LABEL}: {_quoted(made)}"]
    volumes = [] if wanted.container.folder else ["volumes:", f"  {_VOLUME}:", f"    name: {_VOLUME}"]
    return "\n".join([*lines, *labels, *volumes, ""])


def _digest(lines: Iterable[str]) -> str:
    """Of the values: a text in JSON's quotes has no line of its own, so that none of them is taken for a comment."""
    values = sorted(line for line in lines if not line.lstrip().startswith("#"))
    return hashlib.sha256("\n".join(values).encode()).hexdigest()


def boot_file(wanted: Composed) -> str:
    """What has the agent's folder there at a boot, before an engine starts the container, which could not be without."""
    return f"{BOOT_FOLDERS}/{wanted.project}.conf"


def boot_text(wanted: Composed) -> str:
    """With a colon, owner and mode are those of a new folder only: later it is the agent's."""
    head = f"# Managed by Ansible ({role_mark('ollama_server')}): changes made here are overwritten.\n"
    return head + "".join(f"d {folder} :0755 :root :root -\n" for folder in (AGENT_RUNTIME, f"{AGENT_RUNTIME}/{wanted.name}"))


def declared_by(text: str, label: str = LABEL) -> str:
    """What the label of a container has that was created by the text; empty where the text is none of ours."""
    prefix = f"      {label}: "
    found = next((line[len(prefix) :] for line in text.split("\n") if line.startswith(prefix)), '""')
    return str(json.loads(found))


def _head(wanted: Composed, image: str) -> Iterator[str]:
    yield f"# Managed by Ansible ({role_mark('ollama_server')}): changes made here are overwritten."
    yield f"name: {wanted.project}"
    yield "services:"
    yield f"  {SERVICE}:"
    yield f"    image: {_quoted(image)}"
    yield f"    container_name: {wanted.container_name}"
    yield "    # The server listens where OLLAMA_HOST says: no port is published past the host's firewall."
    yield "    network_mode: host"
    yield f"    restart: {_quoted(wanted.container.restart)}"
    yield "    # With labels of their own, containers could use neither the GPUs' devices nor a folder of models of the host."
    yield "    security_opt: [no-new-privileges, label=disable]"
    if wanted.container.memory:
        yield f"    mem_limit: {_quoted(wanted.container.memory)}"


def _variables(environment: Mapping[str, str]) -> Iterator[str]:
    yield from (f"      {key}: {_quoted(value)}" for key, value in environment.items())


def _devices(devices: Sequence[str]) -> Iterator[str]:
    paths = [device for device in devices if device.startswith("/")]
    if paths:
        yield "    devices:"
        yield from (f"      - {_quoted(path)}" for path in paths)
    named = [device for device in devices if not device.startswith("/") and device != BY_RUNTIME]
    if named:
        yield from _reservation("cdi", f"device_ids: [{', '.join(map(_quoted, named))}]")
    elif BY_RUNTIME in devices:
        yield from _reservation(BY_RUNTIME, "count: all")


def _reservation(driver: str, which: str) -> Iterator[str]:
    yield "    deploy:"
    yield "      resources:"
    yield "        reservations:"
    yield "          devices:"
    yield f"            - driver: {driver}"
    yield f"              {which}"
    yield "              capabilities: [gpu]"


def _volumes(wanted: Composed) -> Iterator[str]:
    folder = wanted.container.folder
    yield "    volumes:"
    yield from _mount("bind", folder, folder) if folder else _mount("volume", _VOLUME, _MODELS_OF_IMAGE)
    # Folders: a mounted file would stay the one that was there at the start. That of the agent need not be there yet.
    yield from _mount("bind", os.path.dirname(ready_program(wanted)), IN_CONTAINER_PROGRAMS, read_only=True)
    yield from _mount("bind", f"{AGENT_RUNTIME}/{wanted.name}", IN_CONTAINER_READINESS, read_only=True)
    yield "        bind: {create_host_path: true}"


def _mount(kind: str, source: str, target: str, read_only: bool = False) -> Iterator[str]:
    yield f"      - type: {kind}"
    yield f"        source: {_quoted(source)}"
    yield f"        target: {_quoted(target)}"
    if read_only:
        yield "        read_only: true"


def _health() -> Iterator[str]:
    yield "    # Healthy is resident, by the last proof of the agent (docs/readiness.md)."
    yield "    healthcheck:"
    yield f"      test: [CMD, sh, {IN_CONTAINER_PROGRAMS}/{os.path.basename(READY_PROGRAM)}, {IN_CONTAINER_READINESS}]"
    yield "      interval: 10s"
    yield "      timeout: 5s"
    yield "      retries: 1"


def _quoted(text: str) -> str:
    """Compose replaces variables in a value: a $ is written twice."""
    return json.dumps(text.replace("$", "$$"))
