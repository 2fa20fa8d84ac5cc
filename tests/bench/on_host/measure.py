# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command once and print what it cost, all its children included.

    python3 -I measure.py COMMAND [ARGUMENT...]

Peak memory is never less than this program's own: a child begins as its copy.
"""

from __future__ import annotations

import json
import os
import sys


def measure(command: list[str]) -> dict[str, float]:
    """CPU in milliseconds (user and system), peak memory of the largest process in MB, and the exit status."""
    null = os.open(os.devnull, os.O_RDWR)
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    _pid, status, used = os.wait4(pid, 0)
    return {
        "cpu_ms": (used.ru_utime + used.ru_stime) * 1000,
        "peak_mb": used.ru_maxrss * 1024 / 1e6,
        "status": os.waitstatus_to_exitcode(status),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1:])))
