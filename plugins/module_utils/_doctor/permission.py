# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account may do with a file, by the file's mode alone. Reads only; who is not known, and what is not there, is not judged."""

from __future__ import annotations

import grp
import os
import pwd
import stat

READ = stat.S_IROTH
PASS = stat.S_IXOTH


def may(user: str, wanted: int, path: str) -> bool:
    """C(wanted) is READ, or PASS for a folder on the way to something."""
    try:
        account, found = pwd.getpwnam(user), os.stat(path)
    except (KeyError, OSError):
        return True
    shift = 6 if found.st_uid == account.pw_uid else 3 if found.st_gid in _groups(account) else 0
    return account.pw_uid == 0 or bool(found.st_mode & (wanted << shift))


def _groups(account: pwd.struct_passwd) -> set[int]:
    return {account.pw_gid, *(group.gr_gid for group in grp.getgrall() if account.pw_name in group.gr_mem)}
