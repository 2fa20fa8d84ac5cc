# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes servers away that are not declared: containers, files and the images that the role brought. Models and volumes stay."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from .._base.deployments import service_of
from .._base.layout import AGENT_RUNTIME, COMPOSE_PROJECTS, DROPIN, RECORDS
from .._container.engine import EngineError
from .._container.wanted import Wanted
from .._ownership.server_files import role_files
from .._residency.server.processes import unit_processes
from .docker import DOCKER, Docker
from .listening import is_listening
from .project import boot_file
from .record import Record, forget_record, keep_images, noted_images, read_record, record_path, recorded_units
from .wanted import Composed, container_of, project_file, project_of


def left(declared: Collection[str]) -> dict[str, Record]:
    """The servers of ours that are not declared, by unit. Raises `StateError`, `OSError`."""
    return {unit: read_record(unit) for unit in recorded_units() if unit not in declared}


def refused(records: Mapping[str, Record], docker: Callable[[str], Docker]) -> list[str]:
    """A sentence for each server that cannot be removed, since its engine does not answer."""
    found = []
    for unit, record in records.items():
        try:
            docker(record.engine).information()
        except EngineError as error:
            found.append(
                f"{unit} is in a container of Compose, which cannot be removed, since the engine does not answer docker: {error}. Start it, or install it"
                f" again; if it is gone for good, remove {os.path.dirname(project_file(record.name))} and {record_path(unit)} yourself."
            )
    return found


def makes_room(url: str, records: Mapping[str, Record], docker: Callable[[str], Docker]) -> bool:
    """Whether a server of ours listens there that will not for long: one that is to be removed, or one of a service, of which no other that is declared
    has this address. Raises `EngineError`, `OSError`."""
    services = dict.fromkeys(service_of(path) for path in role_files() if os.path.basename(path) == DROPIN)
    pids = [process.pid for service in services for process in unit_processes(service)]
    for record in records.values():
        found = docker(record.engine).container(container_of(record.name))
        pids += [found.pid] if found is not None and found.project == project_of(record.name) else []
    return any(is_listening(pid, url) for pid in pids)


def remove(records: Mapping[str, Record], docker: Callable[[str], Docker], predict: bool) -> list[str]:
    """What was done, or would be. What tells whose all this is goes last. Raises `EngineError`, `StateError`, `OSError`."""
    steps, sentences = [], refused(records, docker)
    if sentences:
        raise EngineError(sentences[0])
    for number, (unit, record) in enumerate(records.items(), 1):
        wanted = Composed(record.name, Wanted(unit, ""), {}, {}, (), record.engine)
        others = noted_images(list(records)[:number])
        own = replace(record, images=[image for image in record.images if image not in others])
        for words, act in _acts(wanted, own, docker(record.engine)):
            steps.append(words)
            if not predict:
                act()
        if not predict:
            forget_record(unit)
            # The agent's folders are the agent's to remove; those of a host that never had one are ours.
            for folder in (RECORDS, f"{AGENT_RUNTIME}/{record.name}", AGENT_RUNTIME):
                _remove_if_empty(folder)
    return steps


def undo(wanted: Composed, docker: Docker) -> None:
    """A first attempt that failed: only its images stay, for the next one, and what tells that they are ours. Raises `EngineError`, `StateError`,
    `OSError`."""
    record = read_record(wanted.unit)
    for dummy, act in _acts(wanted, replace(record, images=()), docker):
        act()
    keep_images(wanted.unit, record, record.images)


def _acts(wanted: Composed, record: Record, docker: Docker) -> Iterator[tuple[str, Callable[[], object]]]:
    if os.path.exists(wanted.file):
        yield f"remove {wanted.container_name}", lambda: docker.down(wanted)
    elif _is_there(wanted, docker):
        yield f"remove {wanted.container_name}", lambda: docker.remove(wanted.container_name)
    for image in record.images:
        yield f"remove image {image}", partial(_remove_image, docker, image)
    if os.path.exists(boot_file(wanted)):
        yield f"remove {boot_file(wanted)}", lambda: os.unlink(boot_file(wanted))
    folder = os.path.dirname(wanted.file)
    if os.path.isdir(folder):
        yield f"remove {folder}", lambda: _remove_folder(folder)


def _is_there(wanted: Composed, docker: Docker) -> bool:
    """Whether its container is, though somebody has removed the file."""
    found = docker.container(wanted.container_name)
    return found is not None and found.project == wanted.project


def _remove_image(docker: Docker, image: str) -> None:
    """One that a container of others uses by now stays, and so does what is not there any more."""
    status, dummy, error = docker.run([DOCKER, "image", "rm", image])
    if status != 0 and not any(word in error.lower() for word in ("no such image", "in use", "being used", "image not known")):
        raise EngineError(f"the image {image} cannot be removed: {error.strip()}")


def _remove_folder(folder: str) -> None:
    shutil.rmtree(folder)
    _remove_if_empty(COMPOSE_PROJECTS)


def _remove_if_empty(folder: str) -> None:
    with suppress(OSError):
        os.rmdir(folder)
