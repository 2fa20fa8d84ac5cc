# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what stands at a path of ours is ours. Looks only."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Collection
from dataclasses import dataclass

from .._base.files import read_bytes
from .._base.layout import below

COLLECTION = "keepwarm.ollama"
TEXT, LINK, FOLDER = "text", "link", "folder"
MANAGED_BY = "managed_by"

_LIMIT = 4 << 20  # bytes; none of our files comes near it
_WITHOUT_MARK = {"url", "unit", "policy", "deadlines", "context_reloads"}  # a configuration of the agent from before there were marks
_NOT_OURS_TO_JUDGE = {"lost+found"}  # of a file system that is mounted there


@dataclass(frozen=True)
class Claim:
    """A path that the role writes. `target`: what our link leads to begins with it."""

    path: str
    kind: str = TEXT
    target: str = ""


def role_mark(role: str) -> str:
    """How a role's files name it, in a comment or in the key `managed_by`."""
    return f"{COLLECTION}.{role}"


def is_marked(path: str, content: bytes, mark: str) -> bool:
    """Whether the content says that the role wrote it: JSON in a key, other text in a line of comment."""
    if not path.endswith(".json"):
        pattern = rb"^[ \t]*#.*\((?:role )?" + re.escape(mark.encode()) + rb"\)"
        return re.search(pattern, content, re.MULTILINE) is not None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    return found[MANAGED_BY] == mark if MANAGED_BY in found else found.keys() >= _WITHOUT_MARK


def foreign(claim: Claim, mark: str, folders: Collection[str], root: str = "/") -> str:
    """What stands at the path that the role did not make, in a few words; nothing where it is free or ours.

    `folders` are those that the role made, by its manifest.
    """
    real = below(root, claim.path)
    try:
        mode = os.lstat(real).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if claim.kind == LINK:
        return _foreign_link(claim, real, mode)
    if claim.kind == FOLDER:
        return "" if claim.path in folders else _foreign_folder(real, mode)
    return _foreign_text(claim, real, mode, mark)


def _foreign_text(claim: Claim, real: str, mode: int, mark: str) -> str:
    if stat.S_ISLNK(mode):
        target = os.readlink(real)
        return "masked" if target == "/dev/null" else f"a link to {target}"
    if not stat.S_ISREG(mode):
        return "no regular file"
    try:
        return "" if is_marked(claim.path, read_bytes(real, _LIMIT), mark) else "without the role's mark"
    except OSError as error:
        return f"unreadable ({error.strerror})"


def _foreign_link(claim: Claim, real: str, mode: int) -> str:
    if not stat.S_ISLNK(mode):
        return "no link"
    target = os.readlink(real)
    return "" if target.startswith(claim.target) else f"a link to {target}"


def _foreign_folder(real: str, mode: int) -> str:
    if not stat.S_ISDIR(mode):
        return "no folder"
    return "a folder of others" if set(os.listdir(real)) - _NOT_OURS_TO_JUDGE else ""
