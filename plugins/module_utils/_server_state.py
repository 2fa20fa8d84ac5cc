# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ollama_server keeps on a host from one step to the next, so that a play that was killed in between loses nothing: the
drop-in or the Compose file that served last, and the models that were in memory before a restart. Root's alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ._base.files import read_bytes, replace_file
from ._base.layout import SERVER_RECORDS, names_in

DROPIN = "dropin"
MODELS = "models"
IMAGES = "images"
COMPOSE = "compose"
_CONTAINERS = "containers"  # of no unit
_MARK = "keepwarm.ollama.ollama_server"
_LONGEST = 4 * 1024 * 1024  # bytes


class StateError(Exception):
    """What was kept cannot be read or written; the message is one sentence."""


def read(unit: str, what: str, folder: str = SERVER_RECORDS) -> dict[str, Any] | None:
    """What was kept for the unit; None where nothing was. Raises `StateError`."""
    path = _path(unit, what, folder)
    try:
        found = json.loads(read_bytes(path, _LONGEST))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise StateError(f"{path} cannot be read ({error}): see to it that the server runs as it should, then remove that file") from error
    return found if isinstance(found, dict) else None


def write(unit: str, what: str, data: dict[str, Any], folder: str = SERVER_RECORDS) -> None:
    """Keep it, in place of what was kept. Raises `StateError`."""
    path = _path(unit, what, folder)
    try:
        os.makedirs(os.path.dirname(folder), mode=0o755, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(folder, mode=0o700)
        replace_file(path, json.dumps({"managed_by": _MARK, **data}, indent=1).encode(), mode=0o600)
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}") from error


def forget(unit: str, what: str, folder: str = SERVER_RECORDS) -> None:
    """Nothing is kept any more, and an empty folder neither. Raises `StateError`."""
    path = _path(unit, what, folder)
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
    except OSError as error:
        raise StateError(f"{path} cannot be removed: {error.strerror}") from error
    with suppress(OSError):
        os.rmdir(folder)


def units_with(what: str, folder: str = SERVER_RECORDS) -> list[str]:
    """The units for which that is kept."""
    suffix = f".{what}.json"
    return [name[: -len(suffix)] for name in names_in(folder) if name.endswith(suffix)]


def noted_images(folder: str = SERVER_RECORDS) -> list[str]:
    """The images that the role has brought to the host, noted before they came. Raises `StateError`."""
    return [str(image) for image in (read(_CONTAINERS, IMAGES, folder) or {}).get(IMAGES, ())]


def note_images(images: Iterable[str], folder: str = SERVER_RECORDS) -> None:
    """Beside those noted before, so that a removal takes them away; those that were there stay. Raises `StateError`."""
    before = noted_images(folder)
    after = list(dict.fromkeys([*before, *images]))
    if after != before:
        write(_CONTAINERS, IMAGES, {IMAGES: after}, folder)


def forget_image(image: str, folder: str = SERVER_RECORDS) -> None:
    """One that did not come after all. Raises `StateError`."""
    after = [noted for noted in noted_images(folder) if noted != image]
    if after:
        write(_CONTAINERS, IMAGES, {IMAGES: after}, folder)
    else:
        forget(_CONTAINERS, IMAGES, folder)


def _path(unit: str, what: str, folder: str) -> str:
    return os.path.join(folder, f"{unit}.{what}.json")
