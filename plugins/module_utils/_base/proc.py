# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of a process (proc(5), stat)."""

from __future__ import annotations

import os
import time

_STARTED = 19  # in clock ticks since boot


def stat_fields(pid: int, proc: str = "/proc") -> list[str]:
    """The fields after the command, which may itself hold spaces and parentheses: the state is the first. Raises `OSError`."""
    with open(f"{proc}/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def seconds_running(pid: int, proc: str = "/proc") -> float:
    """Seconds since a process started, which nobody's setting of the clock changes. Raises `OSError`, `ValueError`, `IndexError`."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(stat_fields(pid, proc)[_STARTED]) / os.sysconf("SC_CLK_TCK")
