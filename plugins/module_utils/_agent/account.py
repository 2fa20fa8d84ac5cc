# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system account that the agent runs as. One that is there stays as it is, whoever made it."""

from __future__ import annotations

import grp
import pwd

from .parts import ACCOUNT
from .work import Owner, Work


class AccountError(Exception):
    """It cannot be made; the message is one sentence."""


def have_account(work: Work, name: str) -> Owner:
    """Its user and its group of the same name. Raises AccountError."""
    if _group(name) is None:
        _make(work, f"create group {name}", "groupadd", "--system", name)
    if _user(name) is None:
        comment = ("--comment", ACCOUNT, "--home-dir", "/nonexistent", "--no-create-home", "--shell", "/usr/sbin/nologin")
        _make(work, f"create user {name}", "useradd", "--system", "--gid", name, *comment, name)
    return _user(name), _group(name)


def _make(work: Work, step: str, *command: str) -> None:
    work.note(step)
    if not work.predict:
        status, output, error = work.run(list(command))
        if status != 0:
            raise AccountError(f"{command[0]} failed: {' '.join((output + error).split())}")


def _user(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _group(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
