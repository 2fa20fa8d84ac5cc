# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts that the roles made, told by their comment."""

from __future__ import annotations

from dataclasses import dataclass

from .._base.layout import below
from .steps import LEAVE_GROUP, REMOVE_GROUP, REMOVE_USER, Step


@dataclass(frozen=True)
class User:
    """A line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    comment: str
    home: str


@dataclass(frozen=True)
class Group:
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


class Accounts:
    """The accounts of this host itself; those of a directory service are none that a role makes."""

    def __init__(self, root: str = "/") -> None:
        self.users = [
            User(name, int(uid), int(gid), comment, home)
            for name, dummy, uid, gid, comment, home, *dummy_rest in _lines(root, "/etc/passwd", 7)
        ]
        self.groups = [
            Group(name, int(gid), tuple(member for member in members.split(",") if member))
            for name, dummy, gid, members in _lines(root, "/etc/group", 4)
        ]

    def made_with(self, comment: str) -> list[User]:
        """The users with that comment."""
        return [user for user in self.users if user.comment == comment]

    def remove(self, user: User, keep_group: bool = False) -> list[Step]:
        """The user, and its group of the same name unless others need it. `userdel` would take that with it, so the user leaves it before."""
        own = next((group for group in self.groups if group.name == user.name and group.gid == user.gid), None)
        if own is None or self._is_shared(own, user):
            return [Step(REMOVE_USER, user.name)]
        if keep_group:
            return [Step(LEAVE_GROUP, user.name), Step(REMOVE_USER, user.name)]
        return [Step(REMOVE_USER, user.name), Step(REMOVE_GROUP, own.name)]

    def _is_shared(self, group: Group, user: User) -> bool:
        return bool(set(group.members) - {user.name}) or any(other.gid == group.gid for other in self.users if other != user)


def _lines(root: str, path: str, fields: int) -> list[list[str]]:
    with open(below(root, path), encoding="utf-8", errors="surrogateescape") as file:
        rows = (line.rstrip("\n").split(":") for line in file)
        return [row for row in rows if len(row) == fields and row[2].isdigit()]
