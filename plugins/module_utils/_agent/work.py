# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run on a host: what was done, or would be, as steps and as a diff."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Optional

from .._base.files import create_empty, read_bytes, replace_file, replace_link
from .._base.folders import pinned, prepare
from .._base.layout import below
from .._base.systemctl import Run
from .._removal.files import mounts_in, remove

LIMIT = 4 << 20
"""Bytes; none of our files comes near it."""
_HIDDEN = "(not shown)\n"
Owner = tuple[Optional[int], Optional[int]]
"""User and group; None where the account is still to be made, which only a prediction meets."""


@dataclass
class Work:
    """root: the top of the host. predict: nothing is changed. superuser: whose the files are. aside: files of
    others that would have been taken over by now."""

    run: Run
    predict: bool
    root: str = "/"
    superuser: Owner = (0, 0)
    steps: list[str] = field(default_factory=list)
    diff: list[dict[str, Any]] = field(default_factory=list)
    aside: frozenset[str] = frozenset()

    def real(self, path: str) -> str:
        """Where a path of the host is."""
        return below(self.root, path)

    def read(self, path: str) -> str | None:
        """The text of a file of ours; None where there is none. Raises OSError."""
        if path in self.aside:
            return None
        with suppress(FileNotFoundError):
            return read_bytes(self.real(path), LIMIT).decode("utf-8", "surrogateescape")
        return None

    def note(self, step: str, before: str = "", after: str = "", header: str = "") -> None:
        """One step, and how the diff shows it."""
        self.steps.append(step)
        headers = {"before_header": header, "after_header": header} if header else {}
        self.diff.append({**headers, "before": before, "after": after or ("" if before else f"{step}\n")})

    def write(
        self, path: str, content: str, mode: int = 0o644, owner: Owner | None = None, judge: Callable[[str], None] | None = None, secret: bool = False
    ) -> bool:
        """Whether its content changes. judge gets the new content before it counts, and raises where it is not to."""
        before, owner = self.read(path), owner or self.superuser
        if before == content:
            self._own(path, mode, owner)
            return False
        shown = (_HIDDEN if before else "", _HIDDEN) if secret else (before or "", content)
        self.note(f"write {path}", *shown, header=path)
        if not self.predict:
            if judge is not None:
                judge(content)
            replace_file(self.real(path), content.encode("utf-8", "surrogateescape"), mode, prepare=lambda temporary: _give(temporary, owner))
        return True

    def _own(self, path: str, mode: int, owner: Owner) -> None:
        found = os.lstat(self.real(path))
        is_owned = all(wanted in (None, has) for wanted, has in zip(owner, (found.st_uid, found.st_gid)))
        if is_owned and stat.S_IMODE(found.st_mode) == mode:
            return
        self.note(f"give {path} its owner and mode")
        if not self.predict:
            _give(self.real(path), owner)
            os.chmod(self.real(path), mode)

    def folder(self, path: str, owner: Owner | None = None, mode: int = 0o755) -> None:
        """Have it there. Raises UnsafePath, OSError."""
        owner = owner or self.superuser
        if None in owner:  # the account is still to be made
            changes = [] if os.path.isdir(self.real(path)) else [f"create {path}"]
        else:
            changes = prepare(self.real(path), owner[0] or 0, owner[1], mode, self.predict)
        step = f"create {path}" if changes and changes[0].startswith("create ") else f"give {path} its owner and mode"
        if changes and step not in self.steps:  # several servers share some, and a prediction makes none
            self.note(step)

    def empty_file(self, path: str, owner: Owner) -> None:
        """Have it there, whatever is in it; the folder may be another user's."""
        if os.path.lexists(self.real(path)):
            return
        self.note(f"create {path}")
        if not self.predict:
            create_empty(self.real(path), 0o644, owner)

    def link(self, path: str, target: str) -> None:
        """Have it lead there."""
        real = self.real(path)
        if os.path.islink(real) and os.readlink(real) == target:
            return
        self.note(f"link {path} to {target}")
        if not self.predict:
            with pinned(real) as held:  # the folder may be another user's
                replace_link(held, target)

    def remove(self, path: str) -> None:
        """A file, a link itself, or a folder with all that is in it, but for what is mounted there."""
        real = self.real(path)
        if not os.path.lexists(real):
            return
        self.note(f"remove {path}", before=f"{path}\n")
        if not self.predict:
            remove(real, mounts_in(real, self.root))


def _give(path: str, owner: Owner) -> None:
    os.chown(path, *(-1 if one is None else one for one in owner), follow_symlinks=False)
