# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that lead through folders where another user may write: no link is followed there, and nothing is done by a name
that this user could let lead elsewhere meanwhile.

A link in a folder where only root may write is the administrator's, and is followed. So is, for a process that is not
root's, one in a folder of its own user.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

_HOLD = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MOST_LINKS = 40  # as the kernel has it
_ON_THE_WAY = 0o755


class UnsafePath(OSError):
    """A path on which another user decides where it leads; `strerror` is what is wrong at `filename`."""

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


@dataclass(frozen=True)
class Place:
    """A file, folder or link that is held open. `sure`: only root, or the user of this process, could have put it there."""

    path: str
    descriptor: int
    status: os.stat_result
    sure: bool
    above: Place | None = None

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_ours(self) -> bool:
        """Whether it is root's, or of the user of this process."""
        return self.status.st_uid in (0, os.geteuid())

    def vouches_for(self, status: os.stat_result) -> bool:
        """Whether what is in this folder has been put there by root or by us."""
        if not (self.sure and self.is_ours):
            return False
        sticky = bool(self.status.st_mode & stat.S_ISVTX) and status.st_uid in (0, os.geteuid())
        return sticky or not self.status.st_mode & _OTHERS_WRITE


@contextmanager
def hold(path: str) -> Iterator[tuple[Place, Sequence[str]]]:
    """The last folder on the way that there is, and the names that are missing below it.

    Raises `UnsafePath` for a link in a folder that another user may write to, and other `OSError`.
    """
    held: list[int] = []
    try:
        yield _descend(path, held)
    finally:
        for descriptor in held:
            os.close(descriptor)


@contextmanager
def pinned(path: str) -> Iterator[str]:
    """Another name of what is at the path, a link itself included, which leads there whatever is done to the folders above it."""
    with hold(os.path.dirname(path.rstrip("/")) or "/") as (place, missing):
        if missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        yield f"/proc/self/fd/{place.descriptor}/{os.path.basename(path.rstrip('/'))}"


def open_regular(path: str) -> BinaryIO:
    """A regular file, to be read. Raises `UnsafePath` and other `OSError`; never waits for a pipe."""
    held: list[int] = []
    try:
        place, missing = _descend(path, held)
        if missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if not stat.S_ISREG(place.status.st_mode):
            raise UnsafePath(errno.EINVAL, "is no regular file", path)
        return open(os.open(f"/proc/self/fd/{place.descriptor}", _READ & ~os.O_NOFOLLOW), "rb")
    finally:
        for descriptor in held:
            os.close(descriptor)


def require_own(path: str) -> None:
    """Raise `UnsafePath` where another user may write to a folder on the way, or to what is there. It names the first on the way, on whose
    account all that follow are not root's alone."""
    with hold(path) as (place, dummy):
        opened: Place | None = None
        at: Place | None = place
        while at is not None:
            opened, at = (opened if _is_closed(at) else at), at.above
        if opened:
            raise UnsafePath(errno.EPERM, f"may be written to by {_writers(opened)}, so that what is below it is not root's alone", opened.path)


def prepare(path: str, uid: int, gid: int | None, mode: int, predict: bool = False) -> list[str]:
    """Have the folder there, with that owner and mode; give what was, or would be, changed, a sentence each.

    What is missing above it is root's, or in a folder of another user's that user's. Raises `UnsafePath` and other `OSError`.
    """
    with hold(path) as (place, missing):
        if place.path != "/" and not place.is_folder:
            raise UnsafePath(errno.ENOTDIR, "is no folder", place.path)
        if not missing:
            return _adjust(place, uid, gid, mode, predict)
        shown = [os.path.join(place.path, *missing[: index + 1]) for index in range(len(missing))]
        if not predict:
            _create(place, missing, (uid, gid, mode))
        return [f"create {folder}" for folder in shown]


def _descend(path: str, held: list[int]) -> tuple[Place, Sequence[str]]:
    place, names, links = _top(held), _names(path), 0
    while names:
        found = _look(place, names[0], held)
        if found is None:
            return place, names
        del names[0]
        if found.is_link:
            links += 1
            names[:0], place = _follow(found, place, links, held)
        else:
            place = found
    return place, []


def _top(held: list[int]) -> Place:
    descriptor = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    held.append(descriptor)
    return Place("/", descriptor, os.fstat(descriptor), True)


def _names(path: str) -> list[str]:
    if not path.startswith("/"):
        raise UnsafePath(errno.EINVAL, "is no absolute path", path)
    return [name for name in path.split("/") if name not in ("", ".")]


def _look(place: Place, name: str, held: list[int]) -> Place | None:
    path = os.path.join(place.path, name)
    if name == "..":
        return place.above or place
    try:
        descriptor = os.open(name, _HOLD, dir_fd=place.descriptor)
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise UnsafePath(errno.ENOTDIR, "is no folder", place.path) from error
    held.append(descriptor)
    status = os.fstat(descriptor)
    return Place(path, descriptor, status, place.vouches_for(status), place)


def _follow(link: Place, place: Place, links: int, held: list[int]) -> tuple[list[str], Place]:
    """Where a link leads: the names to go on with, and from where."""
    if not link.sure:
        reason = f"is a link, in a folder that {_writers(place)} may write to, and is not followed: name what it leads to"
        raise UnsafePath(errno.ELOOP, reason, link.path)
    if links > _MOST_LINKS:
        raise UnsafePath(errno.ELOOP, os.strerror(errno.ELOOP), link.path)
    target = os.readlink("", dir_fd=link.descriptor)
    names = [name for name in target.split("/") if name not in ("", ".")]
    return names, _top(held) if target.startswith("/") else place


def _adjust(place: Place, uid: int, gid: int | None, mode: int, predict: bool) -> list[str]:
    status = place.status
    wrong_owner = status.st_uid != uid or (gid is not None and status.st_gid != gid)
    if wrong_owner and not place.sure and status.st_uid != uid:
        reason = f"belongs to {_user(status.st_uid)}, in a folder that {_writers(place.above)} may write to: give it to {_user(uid)} by hand"
        raise UnsafePath(errno.EPERM, reason, place.path)
    changes = [f"owner of {place.path}"] if wrong_owner else []
    changes += [f"mode of {place.path}"] if stat.S_IMODE(status.st_mode) != mode else []
    if changes and not predict:
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.descriptor)
        _give(descriptor, uid, gid, mode)
    return changes


def _create(place: Place, missing: Sequence[str], wanted: tuple[int, int | None, int]) -> None:
    descriptor = place.descriptor
    others = None if place.sure and place.is_ours else (place.status.st_uid, place.status.st_gid)
    opened: list[int] = []
    try:
        for name in missing:
            descriptor = _make(descriptor, name, os.path.join(place.path, *missing))
            opened.append(descriptor)
            uid, gid, mode = wanted if name is missing[-1] else (*(others or (os.geteuid(), os.getegid())), _ON_THE_WAY)
            os.fchown(descriptor, uid, -1 if gid is None else gid)
            os.fchmod(descriptor, mode)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _make(above: int, name: str, path: str) -> int:
    """A new folder, opened: nobody may have put another one in its place meanwhile."""
    try:
        os.mkdir(name, 0o700, dir_fd=above)
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    except (FileExistsError, NotADirectoryError, FileNotFoundError) as error:
        raise UnsafePath(errno.EEXIST, "was made or removed by somebody else at the same moment", path) from error
    if os.fstat(descriptor).st_uid != os.geteuid() or os.listdir(descriptor):
        os.close(descriptor)
        raise UnsafePath(errno.EEXIST, "was exchanged by somebody else at the same moment", path)
    return descriptor


def _give(descriptor: int, uid: int, gid: int | None, mode: int) -> None:
    try:
        os.fchown(descriptor, uid, -1 if gid is None else gid)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _writers(place: Place | None) -> str:
    """Who may write to a folder that is not root's alone."""
    if place is None or place.is_ours:
        return "others than root"
    return _user(place.status.st_uid)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"


def _is_closed(place: Place) -> bool:
    """Whether nobody but root, or us, can write there, or replace there what is root's."""
    sticky = bool(place.status.st_mode & stat.S_ISVTX)
    return place.sure and place.is_ours and (sticky or not place.status.st_mode & _OTHERS_WRITE)
