# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in folders where another user may write: opened without following a link and without waiting for a pipe, and
replaced as a whole. Every reader and writer of ours goes through here."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress

_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotARegularFile(OSError):
    """A link, a pipe, a device or a folder stands where a file was expected."""


class FileTooLarge(OSError):
    """The file is longer than anything that is ever written there."""


def read_bytes(path: str, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Raises `FileNotFoundError`, `NotARegularFile`, `FileTooLarge` and other `OSError`; never waits, follows no link.
    """
    with open(_open_regular(path), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise FileTooLarge(errno.EFBIG, f"it is larger than {limit} bytes", path)
    return content


def create_empty(path: str, mode: int = 0o644, owner: tuple[int | None, int | None] | None = None) -> bool:
    """Create a file that is not there yet; False where anything stands at the path, a link that leads nowhere included. With an `owner`,
    a user's and a group's number, `mode` counts whatever the umask is.

    Raises `OSError` for other reasons. Nothing that stands there is opened, followed or changed.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, mode)
    except FileExistsError:
        return False
    try:
        if owner is not None:  # by the descriptor: in another user's folder, the path may lead elsewhere by now
            os.fchown(descriptor, *(-1 if one is None else one for one in owner))
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
    return True


def replace_file(
    path: str,
    content: bytes,
    mode: int | None = None,
    durable: bool = True,
    prepare: Callable[[str], None] | None = None,
    temporary: str | None = None,
) -> None:
    """Write the file as a whole beside its place, then rename it there. Raises `OSError`, and leaves nothing behind then.

    `mode` counts whatever the umask is; `durable`: on the disk when this returns; `prepare` is called with the
    `temporary` path before the rename. Only one process at a time may replace a file: the temporary name is always the same.
    """
    temporary = temporary or path + ".new"
    try:
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # of a process that was killed
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o666), "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        if prepare is not None:
            prepare(temporary)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def replace_link(path: str, target: str) -> None:
    """Let a link at the path lead to the target, in one step. Raises `OSError`."""
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}-new")
    with suppress(FileNotFoundError):
        os.unlink(temporary)  # of a process that was killed
    os.symlink(target, temporary)
    os.replace(temporary, path)


def sync_folder(path: str) -> None:
    """Have the disk know which files are in the folder: a rename outlives a lost power supply then."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open_regular(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | _SAFE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            raise NotARegularFile(errno.EINVAL, "it is no regular file", path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotARegularFile(errno.EINVAL, "it is no regular file", path)
    return descriptor
