# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an archive brought, before it counts: nothing in it has rights of its own, and its program is tried without any."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

_NO_RIGHTS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX | stat.S_IWGRP | stat.S_IWOTH
_SECONDS = 60
_SAID = 4096  # bytes; a program that talks for ever must not fill our memory
_ENVIRONMENT = {"HOME": "/nonexistent", "OLLAMA_HOST": "127.0.0.1:1"}  # port 1: its own version, not that of a server
_SANDBOX = (
    "DynamicUser=yes",
    "CapabilityBoundingSet=",
    "LimitCORE=0",
    "LimitFSIZE=1M",
    "LockPersonality=yes",
    "MemoryMax=2G",
    "PrivateDevices=yes",
    "PrivateNetwork=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
    "TasksMax=64",
    "TimeoutStopSec=2s",
)
_ENDED = re.compile(r"(.*?) ?exit=([0-9]+)", re.DOTALL)
# The end of what it says, and then how it ended.
_BOUNDED = f'{{ timeout --kill-after=2 {_SECONDS} "$0" "$@" 2>&1; echo "exit=$?"; }} | tail -c {_SAID}'


class Unfit(Exception):
    """What a release must not hold; the message is the end of a sentence about its archives."""


def take_rights_away(folder: str) -> None:
    """Have everything in it be root's (or that of this process), with no set-uid or set-gid bit, and nobody else may write.

    Raises `Unfit` for what is neither a file nor a folder nor a link within the folder, and `OSError`.
    """
    for path in _everything(folder):
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            _check_link(folder, path)
        elif not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise Unfit(f"hold {os.path.relpath(path, folder)}, which is neither a file nor a folder nor a link")
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode) and status.st_mode & _NO_RIGHTS:
            os.chmod(path, stat.S_IMODE(status.st_mode) & ~_NO_RIGHTS)


def trial(program: str, *arguments: str) -> list[str]:
    """The command that runs the program as a user of its own, in a sandbox, for a minute at most.

    It prints the last 4 KiB of what the program says, and `exit=` with its exit status.
    """
    bounded = ["/bin/sh", "-c", _BOUNDED, program, *arguments]
    variables = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
    if not may_give_up_rights():
        return ["env", *variables, *bounded]
    properties = [f"--property={line}" for line in (*_SANDBOX, f"RuntimeMaxSec={_SECONDS + 10}")]
    environment = [f"--setenv={variable}" for variable in variables]
    return ["systemd-run", "--quiet", "--collect", "--pipe", "--wait", "--service-type=exec", *properties, *environment, "--", *bounded]


def may_give_up_rights() -> bool:
    """Whether this process has any rights that the program must not get."""
    return os.geteuid() == 0


def outcome(said: str) -> tuple[int, str]:
    """The program's exit status (-1: it could not even be started), and its words."""
    found = _ENDED.fullmatch(said)
    return (int(found[2]), found[1]) if found else (-1, said)


def _everything(folder: str) -> Iterator[str]:
    """What is in the folder, and the folder itself."""
    yield folder
    for top, folders, files in os.walk(folder, onerror=_fail):
        for name in (*folders, *files):
            yield os.path.join(top, name)


def _fail(error: OSError) -> None:
    raise error


def _check_link(folder: str, path: str) -> None:
    leads_to = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    if os.path.commonpath([folder, leads_to]) != folder:
        raise Unfit(f"hold {os.path.relpath(path, folder)}, a link to {os.readlink(path)}, which is outside")
