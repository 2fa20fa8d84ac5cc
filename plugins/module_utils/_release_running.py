# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release a server runs, by its process: a release may say of itself what it likes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from ._base import systemctl
from ._base.proc import seconds_running
from ._release import CURRENT, Run

_TICKS = 0.05  # seconds; how coarse the times of files and processes are


def units_that_run_another(run: Run, units: Iterable[str], dest: str, version: str) -> list[str]:
    """Those of the units whose running process is not of that version, which `current` leads to."""
    return [unit for unit in units if runs_another(_main_pid(run, unit), dest, version)]


def runs_another(pid: int, dest: str, version: str, proc: str = "/proc") -> bool:
    """Whether the process runs another release in `dest`; False where there is none.

    A program in the folder tells by its path. Another one, such as a script's interpreter, runs what `current` led to when it started.
    """
    try:
        program = os.readlink(f"{proc}/{pid}/exe").removesuffix(" (deleted)")
        age = seconds_running(pid, proc)
    except OSError:
        return False
    folder = os.path.realpath(dest)
    if program.startswith(f"{folder}/"):
        return not program.startswith(f"{folder}/{version}/")
    return 0 <= time.time() - os.lstat(os.path.join(dest, CURRENT)).st_ctime < age - _TICKS


def _main_pid(run: Run, unit: str) -> int:
    try:
        pid = systemctl.ask(run, ["MainPID"], unit).get("MainPID", "")
    except systemctl.SystemctlError:
        return 0
    return int(pid) if pid.isdigit() else 0
