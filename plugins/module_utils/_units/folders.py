# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that the units' user works in: made as they are wanted, without following what that user put on the way."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass

from .._base.folders import prepare, require_own
from .found import UnitsError

_NOBODY = -2  # whom nothing belongs to


@dataclass(frozen=True)
class WantedFolder:
    """`group`: left as it is where it is empty. `mode`: an octal number. `is_kept`: one that is there is left as it is."""

    path: str
    owner: str
    group: str = ""
    mode: str = "0750"
    is_kept: bool = False


def prepare_folders(folders: Iterable[WantedFolder], predict: bool) -> list[str]:
    """What was changed, or would be. Raises UnitsError, UnsafePath, OSError."""
    changes: list[str] = []
    for folder in folders:
        owner, group, mode = _uid(folder.owner, predict), _gid(folder.group, predict), _mode(folder.mode)
        if owner == 0:
            require_own(folder.path)
        if not (folder.is_kept and os.path.lexists(folder.path)):
            changes += prepare(folder.path, owner, group, mode, predict=predict)
    return changes


def _uid(name: str, predict: bool) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        if predict:
            return _NOBODY
        raise UnitsError(f"owner {name!r} does not exist on this host") from error


def _gid(name: str, predict: bool) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid if name else None
    except KeyError as error:
        if predict:
            return _NOBODY
        raise UnitsError(f"group {name!r} does not exist on this host") from error


def _mode(text: str) -> int:
    if text and len(text) <= 5 and set(text) <= set("01234567"):
        return int(text, 8)
    raise UnitsError(f"mode {text!r} is no octal number of permissions: give one such as '0750'")
