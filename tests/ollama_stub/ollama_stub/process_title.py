# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making /proc/PID/cmdline read like the real program's, without the Python interpreter."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_ARG_START, _ARG_END = 45, 46  # fields 48 and 49 of /proc/PID/stat, counted from its third


def set_arguments(arguments: Sequence[str]) -> None:
    """Overwrite this process's argument area; left as it is where /proc does not allow that.

    The kernel reads cmdline from the process's own memory (proc_pid_cmdline(5)), so that a
    shorter text padded with zeros is all it takes.
    """
    wanted = b"".join(argument.encode() + b"\0" for argument in arguments)
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
        if not 0 < len(wanted) <= end - start:
            return
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(wanted.ljust(end - start, b"\0"))
    except (OSError, ValueError, IndexError):
        return


def set_program(path: str) -> None:
    """Show this program as PATH with its own arguments."""
    set_arguments([path, *sys.argv[1:]])
