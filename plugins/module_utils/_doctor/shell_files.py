# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of Ollama's in the files that shells, logins and service managers of other kinds read. Reads only."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator

from .._base.files import read_bytes
from .._systemd.ignored_lines import VARIABLES
from .examination import ShellSetting

_OF_ROOT = (
    "etc/environment",
    "etc/environment.d/*.conf",
    "etc/default/ollama",
    "etc/sysconfig/ollama",
    "etc/conf.d/ollama",
    "etc/profile",
    "etc/profile.d/*.sh",
    "etc/bash.bashrc",
    "etc/bashrc",
    "etc/zshenv",
    "etc/zsh/zshenv",
)
_HOMES = ("root", "home/*", "usr/share/ollama", "var/lib/ollama")
_IN_A_HOME = (".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile", ".config/environment.d/*.conf")
_LARGEST = 256 * 1024  # bytes
_SETTING = re.compile(rf"(?:^|[\s;&|(])(?P<key>{VARIABLES})=(?P<value>\"[^\"]*\"?|'[^']*'?|[^\s;&|]*)", re.ASCII)


def shell_settings(root: str = "/") -> tuple[ShellSetting, ...]:
    """Every assignment of one; a file that cannot be read has none."""
    return tuple(found for path, file in _files(root) for found in _settings(path, file))


def _files(root: str) -> Iterator[tuple[str, str]]:
    """Each path, and the file to read for it. A home is its owner's, who may put a link or a pipe there: none is followed."""
    for place in _OF_ROOT:
        for path in sorted(glob.glob(os.path.join(root, place))):
            yield path, os.path.realpath(path)
    for home in _HOMES:
        for name in _IN_A_HOME:
            yield from ((path, path) for path in sorted(glob.glob(os.path.join(root, home, name))))


def _settings(path: str, file: str) -> Iterator[ShellSetting]:
    try:
        lines = read_bytes(file, _LARGEST).decode("utf-8", "replace").split("\n")
    except OSError:
        return
    for number, line in enumerate(lines, start=1):
        for found in () if line.lstrip().startswith("#") else _SETTING.finditer(line.partition(" #")[0]):
            yield ShellSetting(path, number, found["key"], found["value"].strip("\"'"))
