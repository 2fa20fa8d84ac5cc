# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of a server, and what becomes of it. Decided by what is on the host, so that a play after one that was killed repairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._base.files import read_bytes
from .._container.devices import NVIDIA, devices_for
from .._container.engine import pinned
from .._residency.server.gpus import gpu_names
from .._systemd.defaults import LIMIT, Host, count_pins, effective_limit, settle
from .docker import DOCKER, Container, Docker
from .project import BY_RUNTIME, MADE_LABEL, declared_by, project_text
from .record import Record, read_record
from .wanted import Composed, url_of

_LIMIT = 1 << 20  # bytes


@dataclass(frozen=True)
class Look:
    """`text`: of the file as it is to be; `before`: as it is, empty where there is none. `image`: as it is pinned, None where the engine lacks it. `short`:
    whether the container keeps fewer models than are pinned, and would keep more."""

    wanted: Composed
    text: str
    before: str
    environment: Mapping[str, str]
    image: str | None
    record: Record
    container: Container | None
    short: bool = False
    warnings: Sequence[str] = ()

    @property
    def recreates(self) -> bool:
        """Whether a container is there that was created otherwise than it is declared by now."""
        return self.container is not None and (self.short or not self.is_of(self.container))

    def is_of(self, container: Container) -> bool:
        """Whether the container has what is declared, be it that only a default has been declared by now that it has already."""
        if container.declared == declared_by(self.text):
            return True
        has_values = all(container.environment.get(key) == value for key, value in self.environment.items())
        return has_values and container.made == declared_by(self.text, MADE_LABEL)

    @property
    def runs(self) -> bool:
        """Whether its container does."""
        return self.container is not None and self.container.running

    @property
    def starts(self) -> bool:
        """Whether a server that does not run is to run. One that somebody has stopped stays so, whatever was declared meanwhile."""
        if self.wanted.start == "false" or self.runs:
            return False
        return self.wanted.start == "true" or self.container is None or not self.container.stopped

    @property
    def replaces(self) -> bool:
        """Whether a container that runs is recreated now."""
        return self.recreates and self.runs and self.wanted.recreates

    @property
    def pending(self) -> bool:
        """Whether a container stays as it was created: it is never to restart, or does not run and is not started."""
        return self.recreates and not self.replaces and not self.starts

    @property
    def unproven(self) -> bool:
        """Whether an earlier play was killed before the server had answered."""
        return self.runs and not self.recreates and self.record.former is not None

    @property
    def former(self) -> str | None:
        """What comes back if the file that is to be written does not serve; None where nothing has to prove itself."""
        if self.record.former is not None:
            return self.record.former
        differs = declared_by(self.before) != declared_by(self.text)
        if self.container is not None and not self.recreates:
            # It has served as it is declared: a file that says otherwise was removed or changed by somebody, and is nothing to come back to.
            return self.before if self.starts and not differs else None
        return self.before if self.starts or self.replaces or differs else None

    @property
    def left_stopped(self) -> bool:
        """Whether it stays as somebody stopped it."""
        return self.container is not None and not self.runs and not self.starts and self.wanted.start == "auto"

    @property
    def running_url(self) -> str:
        """Where the container that runs listens, which may not be where it is declared to; empty where none runs."""
        return url_of(self.container.environment) if self.container is not None and self.container.running else ""

    def reasons(self) -> Iterator[str]:
        """Why a container is recreated, or would be if it were allowed, one half of a sentence each."""
        if self.container is None or not self.recreates:
            return
        changed = [key for key, value in self.environment.items() if self.container.environment.get(key) != value]
        changed += [key for key in self.record.environment if key not in self.environment]
        if changed:
            yield f"it was created with another {', '.join(sorted(changed))}"
        if self.image and self.container.image != self.image:
            yield f"it runs {self.container.image}"
        if not changed and self.container.image == self.image:
            yield "it was created otherwise than it is declared by now"


def look_at(wanted: Composed, docker: Docker) -> Look:
    """Raises `EngineError`, `StateError`, `OSError`."""
    record, environment = read_record(wanted.unit), dict[str, str]()
    gpus = gpu_names("/", wanted.environment)
    settled = settle(wanted.environment, wanted.models, wanted.defaults, None, Host({}, record.environment, len(gpus)))
    environment = dict(settled.environment)
    image = pinned(docker.run, wanted.container.image, DOCKER)
    text = project_text(wanted, image or wanted.container.image, environment, devices_of(wanted, docker), settled.defaults)
    container = docker.container(wanted.container_name)
    is_short = container is not None and _is_short(container.environment, environment, count_pins(wanted.models or ()), len(gpus))
    return Look(wanted, text, read_text(wanted.file), environment, image, record, container, is_short, settled.warnings)


def _is_short(before: Mapping[str, str], after: Mapping[str, str], pins: int, gpus: int) -> bool:
    has, gets = (effective_limit(environment.get(LIMIT), gpus) for environment in (before, after))
    return has < min(pins, gets)


def devices_of(wanted: Composed, docker: Docker) -> list[str]:
    """As declared, else all of the GPUs that the host has. Docker gives those of NVIDIA by a runtime of its own, and Podman by CDI alone."""
    found = devices_for(wanted.container)
    if wanted.container.devices is not None or not set(NVIDIA) & set(found) or docker.podman_version():
        return found
    return [BY_RUNTIME if device in NVIDIA else device for device in found]


def read_text(path: str) -> str:
    """Empty where there is no file. Raises other `OSError`."""
    try:
        return read_bytes(path, _LIMIT).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
