# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service may do with a file, by its groups and the file's mode. Reads only; who is not known, and what is not there, is not judged."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

READ = stat.S_IROTH
PASS = stat.S_IXOTH
_ACCESS_LIST = "system.posix_acl_access"


@dataclass(frozen=True)
class Account:
    """Whom a service runs as: `user`, and what its unit adds to that user's groups (`group` takes the place of the first one)."""

    user: str
    group: str = ""
    more: tuple[str, ...] = ()


def account_of(user: str, properties: Mapping[str, str]) -> Account:
    """By the properties User, Group and SupplementaryGroups of its unit."""
    return Account(user, properties.get("Group", ""), tuple(properties.get("SupplementaryGroups", "").split()))


def may(account: Account, wanted: int, path: str) -> bool:
    """`wanted` is READ, or PASS for a folder on the way to something. What cannot be told, such as what an access list comes to, may be."""
    try:
        user, found = pwd.getpwnam(account.user), os.stat(path)
    except (KeyError, OSError):
        return True
    shift = 6 if found.st_uid == user.pw_uid else 3 if found.st_gid in _groups(account, user) else 0
    return user.pw_uid == 0 or bool(found.st_mode & (wanted << shift)) or _has_access_list(path)


def _has_access_list(path: str) -> bool:
    try:
        return _ACCESS_LIST in os.listxattr(path)
    except OSError:
        return False


def _groups(account: Account, user: pwd.struct_passwd) -> set[int]:
    members = {group.gr_gid for group in grp.getgrall() if account.user in group.gr_mem}
    return {*members, *_numbers([account.group or str(user.pw_gid), *account.more])}


def _numbers(names: Iterable[str]) -> Iterable[int]:
    """Groups are named, or numbered."""
    numbers = {group.gr_name: group.gr_gid for group in grp.getgrall()}
    return (int(name) if name.isdecimal() else numbers[name] for name in names if name.isdecimal() or name in numbers)
