# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of Ollama's in the files that shells and logins read. Reads only."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator

from .examination import ShellSetting

_PLACES = (
    "etc/environment",
    "etc/environment.d/*.conf",
    "etc/profile",
    "etc/profile.d/*.sh",
    "etc/bash.bashrc",
    "etc/zsh/zshenv",
    "root/.bashrc",
    "root/.bash_profile",
    "root/.profile",
    "root/.zshrc",
)
_LARGEST = 256 * 1024  # bytes
_NAMES = r"OLLAMA_[A-Z0-9_]+|(?:CUDA|HIP|ROCR|GGML_VK)_VISIBLE_DEVICES|HSA_OVERRIDE_GFX_VERSION"
_SETTING = re.compile(rf"\s*(?:export\s+|(?:declare|typeset)\s+-x\s+)?(?P<key>{_NAMES})=(?P<value>.*)", re.ASCII)


def shell_settings(root: str = "/") -> tuple[ShellSetting, ...]:
    """Every line that sets one; a file that cannot be read has none."""
    paths = [path for place in _PLACES for path in sorted(glob.glob(os.path.join(root, place)))]
    return tuple(found for path in paths if os.path.isfile(path) for found in _settings(path))


def _settings(path: str) -> Iterator[ShellSetting]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read(_LARGEST).split("\n")
    except OSError:
        return
    for number, line in enumerate(lines, start=1):
        found = _SETTING.match(line)
        if found:
            yield ShellSetting(path, number, found["key"], _unquoted(found["value"]))


def _unquoted(value: str) -> str:
    text = value.strip().rstrip(";").strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text.partition(" #")[0].strip()
