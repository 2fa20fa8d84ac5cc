# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of the container that the server runs in: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mount:
    """A folder of the host in the container. `denied`: why the server may not write to it, as half a sentence; `label`: its SELinux type, where
    that is one which containers may not use."""

    source: str
    destination: str
    denied: str = ""
    label: str = ""


@dataclass(frozen=True)
class Project:
    """Of Compose: its `files`, and what they give the service by now; None where Compose does not tell."""

    name: str
    service: str
    files: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ContainerLook:
    """`environment` is the server process's own. `image` is the id that the container runs, `tagged` the one that its name `image_name` has by
    now; `published` are the addresses of the host that lead into it. `memory`: its limit in bytes, 0 without one. `gpus`: its device nodes
    of GPUs; `gpu_failure`: what a question to the driver from inside came to, where it failed."""

    id: str
    engine: str
    pid: int = 0
    name: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    image_name: str = ""
    image: str = ""
    tagged: str = ""
    published: tuple[str, ...] = ()
    memory: int = 0
    mounts: tuple[Mount, ...] = ()
    gpus: tuple[str, ...] = ()
    gpu_failure: str = ""
    project: Project | None = None

    @property
    def label(self) -> str:
        """As its owner knows it."""
        return self.name or self.id[:12]
