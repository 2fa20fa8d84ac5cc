# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes servers away that are not declared: containers, files and the images that the role brought. Models and volumes stay."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress

from .._base.layout import COMPOSE_PROJECTS, RECORDS
from .._container.engine import EngineError
from .._container.wanted import Wanted
from .docker import DOCKER, Docker
from .project import boot_file
from .record import Record, forget_record, read_record, recorded_units
from .wanted import Composed


def left(declared: Collection[str]) -> dict[str, Record]:
    """The servers of ours that are not declared, by unit. Raises `StateError`, `OSError`."""
    return {unit: read_record(unit) for unit in recorded_units() if unit not in declared}


def remove(records: Mapping[str, Record], docker: Callable[[str], Docker], predict: bool) -> list[str]:
    """What was done, or would be. What tells whose all this is goes last. Raises `EngineError`, `StateError`, `OSError`."""
    steps = []
    for unit, record in records.items():
        wanted = Composed(record.name, Wanted(unit, ""), {}, {}, (), record.engine)
        for words, act in _acts(wanted, record, docker(record.engine)):
            steps.append(words)
            if not predict:
                act()
        if not predict:
            forget_record(unit)
            _remove_if_empty(RECORDS)
    return steps


def _acts(wanted: Composed, record: Record, docker: Docker) -> Iterator[tuple[str, Callable[[], object]]]:
    if os.path.exists(wanted.file):
        yield f"remove {wanted.container_name}", lambda: docker.down(wanted)
    for image in record.images:
        yield f"remove image {image}", lambda image=image: _remove_image(docker, image)  # type: ignore[misc]
    if os.path.exists(boot_file(wanted)):
        yield f"remove {boot_file(wanted)}", lambda: os.unlink(boot_file(wanted))
    folder = os.path.dirname(wanted.file)
    if os.path.isdir(folder):
        yield f"remove {folder}", lambda: _remove_folder(folder)


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
