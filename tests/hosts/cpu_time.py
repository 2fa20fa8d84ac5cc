# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has cost this computer: it is no child of the gate that boots it, so the gate's own account leaves it out.

Where $KEEPWARM_CPU_TIME names a file, a host's CPU time (user and system, in seconds) is added to it before the host goes. A virtual machine is one
process; a container is a control group, of either version.
"""

from __future__ import annotations

import os
import pathlib

CGROUPS = pathlib.Path("/sys/fs/cgroup")
VARIABLE = "KEEPWARM_CPU_TIME"


def wanted() -> bool:
    """Whether somebody keeps an account."""
    return VARIABLE in os.environ


def record(seconds: float) -> None:
    """Add a line to the account; one write, since hosts of a scenario may go at the same time."""
    with open(os.environ[VARIABLE], "a", encoding="ascii") as account:
        account.write(f"{seconds:.2f}\n")


def of_cgroup(path: str) -> float:
    """What the processes of a control group have used, those that ended included; 0 if it is not there."""
    first, second = CGROUPS / "cpuacct" / path.lstrip("/") / "cpuacct.usage", CGROUPS / path.lstrip("/") / "cpu.stat"
    if first.is_file():
        return int(first.read_text(encoding="ascii")) / 1e9
    if second.is_file():
        return int(second.read_text(encoding="ascii").split()[1]) / 1e6  # usage_usec is the first line
    return 0.0


def of_process(process: int) -> float:
    """What a process and its threads have used; 0 if it has gone."""
    try:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
