# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders that go, but for what something is mounted on: that is emptied, and stays."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Collection

from .._base.folders import pinned
from .._base.layout import below
from .._release import RECORD

_STAYS = (errno.EBUSY, errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)
_ESCAPED = re.compile(r"\\([0-7]{3})")  # proc(5): blanks and backslashes in mountinfo


def mounts_in(path: str, root: str) -> frozenset[str]:
    """What is mounted there or further down. Bind mounts, too, which no file's device tells."""
    top = _canonical(path)
    mounts = (below(root, mount) for mount in _mounts(root))
    return frozenset(mount for mount in mounts if mount == top or mount.startswith(f"{top}/"))


def holds_anything(path: str, mounts: Collection[str]) -> bool:
    """Whether there is something to take away that is none of these `mounts`, nor on the way to them."""
    return _holds_anything(_canonical(path), mounts)


def remove(path: str, mounts: Collection[str] = ()) -> None:
    """A file, a link itself, or a folder with all that is in it."""
    if mounts:
        _remove_around(_canonical(path), mounts)
        return
    if not os.path.lexists(path):
        return
    with pinned(path) as held:
        if os.path.isdir(held) and not os.path.islink(held):
            shutil.rmtree(held)
        else:
            os.unlink(held)


def remove_release(path: str, root: str) -> None:
    """The record goes last, since it tells whose folder it is: what was interrupted is known at the next run."""
    for name in sorted(os.listdir(path), key=lambda name: name == RECORD):
        inside = os.path.join(path, name)
        remove(inside, mounts_in(inside, root))
    remove_folder(path)


def remove_folder(path: str) -> None:
    """Unless something came into it meanwhile, or something is mounted there."""
    try:
        with pinned(path) as held:
            os.rmdir(held)
    except OSError as error:
        if error.errno not in _STAYS:
            raise


def _holds_anything(path: str, mounts: Collection[str]) -> bool:
    if not os.path.isdir(path) or os.path.islink(path):
        return path not in mounts
    names = os.listdir(path)
    return any(_holds_anything(os.path.join(path, name), mounts) for name in names) or not (names or path in mounts)


def _remove_around(path: str, mounts: Collection[str]) -> None:
    if not any(mount == path or mount.startswith(f"{path}/") for mount in mounts):
        remove(path)
        return
    for name in os.listdir(path) if os.path.isdir(path) else []:
        _remove_around(os.path.join(path, name), mounts)
    if path not in mounts:
        remove_folder(path)


def _canonical(path: str) -> str:
    """As the kernel has it in its table: through no link but the last."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _mounts(root: str) -> list[str]:
    try:
        with open(below(root, "/proc/self/mountinfo"), encoding="utf-8", errors="surrogateescape") as file:
            points = [line.split(" ")[4] for line in file]
    except FileNotFoundError:
        return []
    return [_ESCAPED.sub(lambda found: chr(int(found[1], 8)), point) for point in points]
