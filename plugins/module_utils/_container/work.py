# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module does: refuses what cannot be, or has the images on the host, and tells what the units are to say."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._base.deployments import DEPLOYMENTS
from .._base.systemctl import Run
from .._server_state import forget_image, note_images
from .devices import devices_for
from .engine import EngineError, keep, kept_name, load, pinned, pull
from .lines import container_lines
from .place import find_place
from .refusals import refusals
from .unit import unit_text
from .wanted import Wanted


@dataclass(frozen=True)
class Outcome:
    """`refusals`: nothing was done then. `steps`: what was done, or would be. `archives`: those from which an image
    is still to be loaded. `units`: those of ours, as M(keepwarm.ollama.ollama_units) takes them."""

    refusals: list[str]
    steps: list[str]
    archives: list[str]
    servers: list[dict[str, Any]]
    units: list[dict[str, Any]]


def check(servers: Sequence[Wanted], run: Run) -> Outcome:
    """Only look; an archive that is declared may not be here yet. Raises `OSError`."""
    refused = [sentence for wanted in servers for sentence in refusals(wanted, run)]
    return Outcome(list(dict.fromkeys(refused)), [], [], [], []) if refused else _outcome(servers, run, [])


def bring(servers: Sequence[Wanted], run: Run, folder: str, predict: bool) -> Outcome:
    """Have each image on the host, before anything is stopped. `folder`: of the archives, named as `_archive_path` has it. Raises `EngineError`,
    `StateError`, `OSError`."""
    missing = {wanted.image: wanted.archive for wanted in servers if wanted.image and pinned(run, wanted.image) is None}
    if not predict:
        for image, archive in missing.items():
            _fetch(run, image, _archive_path(folder, archive) if archive else "")
    steps = [f"{'load' if archive else 'pull'} {image}" for image, archive in missing.items()]
    return _outcome(servers, run, [*steps, *_keep(servers, run, predict)])


def _archive_path(folder: str, archive: str) -> str:
    """Where the role puts an archive of the controller."""
    return f"{folder}/{hashlib.sha256(archive.encode()).hexdigest()}"


def _outcome(servers: Sequence[Wanted], run: Run, steps: list[str]) -> Outcome:
    described = [_described(wanted, run) for wanted in servers]
    lacking = {one["unit"] for one in described if not one["image_present"]}
    archives = [wanted.archive for wanted in servers if wanted.archive and wanted.unit in lacking]
    ours = {one["unit"] for one in described if one["ours"]}
    return Outcome([], steps, list(dict.fromkeys(archives)), described, [_unit(wanted) for wanted in servers if wanted.unit in ours])


def _unit(wanted: Wanted) -> dict[str, Any]:
    name = os.path.basename(DEPLOYMENTS[wanted.deployment].unit_file(wanted.unit))
    return {"name": name, "content": unit_text(wanted), "enabled": False}


def _fetch(run: Run, image: str, archive: str) -> None:
    """Noted first: a play that is killed in between leaves no image that a removal would not know of."""
    note_images([image])
    try:
        if archive:
            load(run, archive, image)
        else:
            pull(run, image)
    except EngineError:
        forget_image(image)
        raise


def _keep(servers: Sequence[Wanted], run: Run, predict: bool) -> list[str]:
    """Give each image that is there a name that no pull takes away. Noted first, as what is fetched."""
    found = {wanted.image: pinned(run, wanted.image) or "" for wanted in servers if wanted.image}
    unkept = {image: name for image in found.values() if (name := kept_name(image)) and pinned(run, name) is None}
    if not predict:
        for image, name in unkept.items():
            note_images([name])
            keep(run, image, name)
    return [f"tag {image} {name}" for image, name in unkept.items()]


def _described(wanted: Wanted, run: Run) -> dict[str, Any]:
    place = find_place(wanted)
    found = pinned(run, wanted.image) if wanted.image else ""
    image = found or wanted.image
    lines = container_lines(wanted, image, devices_for(wanted), place.is_ours)
    return {"unit": wanted.unit, "ours": place.is_ours, "image": image, "image_present": found is not None, "lines": lines}
