# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of a unit. Needs no privilege."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

SECONDS = 10.0


def show(unit: str, properties: Sequence[str], seconds: float = SECONDS) -> dict[str, str]:
    """The unit's properties by name; empty where systemd does not tell within so many seconds."""
    command = ["systemctl", "show", "--property", ",".join(properties), "--", unit]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace", timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {key: value for key, equals, value in pairs if equals}
