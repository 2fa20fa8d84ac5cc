# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ours took the place of: the drop-in that a server served with last, kept until it has served with the present one, and the unit of others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from .. import _server_state
from .._base.files import read_bytes, replace_file, replace_link
from .._base.layout import SERVER_RECORDS, below
from .._ownership.marks import is_marked
from .._ownership.takeover import SUFFIX
from .found import MODE, Found, is_linked
from .wanted import WantedDropin, WantedSet, WantedUnit

_LIMIT = 1 << 20  # bytes


@dataclass(frozen=True)
class PutBack:
    """A drop-in that is not what its unit served with last. `former`: None where there was none."""

    path: str
    present: str | None
    former: str | None

    def diff(self) -> dict[str, str]:
        """For Ansible's diff mode."""
        return {"before_header": self.path, "after_header": self.path, "before": self.present or "", "after": self.former or ""}


def keep_former(wanted: WantedSet, write: Sequence[str], before: Found, root: str) -> None:
    """What served last, unless something is kept that no server has served after. Raises `StateError`."""
    folder = below(root, SERVER_RECORDS)
    for dropin in wanted.dropins:
        if dropin.keeps_former and dropin.path in write and _server_state.read(dropin.unit, _server_state.DROPIN, folder) is None:
            _server_state.write(dropin.unit, _server_state.DROPIN, {"content": before.files.get(dropin.path)}, folder)


def forget_former(dropin: WantedDropin, root: str, predict: bool) -> None:
    """Its unit has run with the present one. Raises `StateError`."""
    folder = below(root, SERVER_RECORDS)
    if _server_state.read(dropin.unit, _server_state.DROPIN, folder) is not None and not predict:
        _server_state.forget(dropin.unit, _server_state.DROPIN, folder)


def put_back(dropin: WantedDropin, root: str, predict: bool) -> PutBack | None:
    """Have the former one there; None where nothing is kept, or it is there. Raises `StateError`, `OSError`.

    What is kept goes last, so that a play that dies in here goes on at its next run.
    """
    folder = below(root, SERVER_RECORDS)
    present, kept = _text(below(root, dropin.path)), _server_state.read(dropin.unit, _server_state.DROPIN, folder)
    if kept is None:
        return None
    found = PutBack(dropin.path, present, kept.get("content"))
    if not predict:
        if found.former != found.present:
            _have(below(root, dropin.path), found.former)
        _server_state.forget(dropin.unit, _server_state.DROPIN, folder)
    return found if found.former != found.present else None


def units_to_copy(wanted: WantedSet, mark: str, before: Found, root: str) -> list[str]:
    """The unit files of others whose place is taken, as far as there is no copy of them yet."""
    places = [_place(unit, before.units[unit.name].fragment, root) for unit in wanted.units if unit.replaces and unit.name in before.units]
    return [path for path in places if path and _is_to_copy(below(root, path), mark)]


def copy_units(paths: Sequence[str], root: str) -> None:
    """Beside their place, where a removal of the role finds them; a link as a link. Raises `OSError`."""
    for path in paths:
        real = below(root, path)
        if is_linked(real):
            replace_link(real + SUFFIX, os.readlink(real))
        else:
            replace_file(real + SUFFIX, read_bytes(real, _LIMIT), mode=MODE)


def _place(unit: WantedUnit, fragment: str, root: str) -> str:
    """Of a link, the link itself: some releases of systemd tell what it leads to, and no removal would find a copy there."""
    return unit.path if is_linked(below(root, unit.path)) else fragment


def _is_to_copy(path: str, mark: str) -> bool:
    if is_linked(path):
        return not os.path.islink(path + SUFFIX) or os.readlink(path + SUFFIX) != os.readlink(path)
    with suppress(FileNotFoundError):
        content = read_bytes(path, _LIMIT)
        return not is_marked(path, content, mark) and _text(path + SUFFIX) != content.decode("utf-8", "surrogateescape")
    return False


def _text(path: str) -> str | None:
    try:
        return read_bytes(path, _LIMIT).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def _have(path: str, content: str | None) -> None:
    """Without content the file goes, and its folder if nothing else is in it."""
    folder = os.path.dirname(path)
    if content is not None:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        replace_file(path, content.encode("utf-8", "surrogateescape"), mode=MODE)
        return
    os.unlink(path)
    if not os.listdir(folder):
        os.rmdir(folder)
