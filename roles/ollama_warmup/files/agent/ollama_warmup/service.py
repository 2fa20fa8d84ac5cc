# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of a unit. Needs no privilege."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from keepwarm._base.systemctl import SECONDS, show

_CANNOT_RUN = 127  # as a shell has it
_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "InactiveExitTimestampMonotonic", "Job")


def run_command(command: Sequence[str]) -> tuple[int, str, str]:
    """Exit status, standard output, standard error. One that cannot be run, or does not end in time and is killed, fails."""
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return _CANNOT_RUN, "", str(error)
    return done.returncode, done.stdout, done.stderr


def unit_state(unit: str) -> dict[str, str]:
    """LoadState, ActiveState, SubState, Result, when it last left being inactive, in microseconds since boot (0: not in this boot), and the job that
    waits for it, if any; empty where systemd does not tell."""
    return show(run_command, unit, _PROPERTIES)


def unit_environment(unit: str) -> dict[str, str]:
    """What its files say that its process has, but for what they have read from others (`EnvironmentFile=`); empty where systemd
    does not tell."""
    import shlex  # few passes ask this; all import this module

    try:
        words = shlex.split(show(run_command, unit, ("Environment",)).get("Environment", ""))
    except ValueError:
        return {}
    pairs = (word.partition("=") for word in words)
    return {key: value for key, equals, value in pairs if equals}


def start(unit: str) -> bool:
    """Have systemd start it, and do not wait for it. Whether systemd took the order."""
    return run_command(["systemctl", "start", "--no-block", "--", unit])[0] == 0


def is_stopped(state: Mapping[str, str]) -> bool:
    """Whether an operator stopped it: it is down, and not for having failed, though it was started in this boot.

    A unit that was not started yet is still to come, or is missed; one that systemd does not know is none that somebody could
    have stopped. Whoever masks a unit wants it down, whether it ran in this boot or not. One that is down and has a job is about
    to start.
    """
    if state.get("ActiveState") == "inactive" and state.get("Job", "0") not in ("", "0"):
        return False
    down = state.get("ActiveState") in ("inactive", "deactivating") and state.get("Result", "success") == "success"
    ran = state.get("InactiveExitTimestampMonotonic", "0") != "0"
    return down and (state.get("LoadState") == "masked" or (state.get("LoadState") == "loaded" and ran))


def is_lost(state: Mapping[str, str]) -> bool:
    """Whether it failed and systemd will not start it again by itself."""
    return state.get("ActiveState") == "failed"
