# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of a unit. Needs no privilege."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result")
_SECONDS = 10


def unit_state(unit: str) -> dict[str, str]:
    """LoadState, ActiveState, SubState and Result; empty where systemd does not tell."""
    return _show(unit, _PROPERTIES)


def unit_environment(unit: str) -> dict[str, str]:
    """What its files say that its process has, but for what they have read from others (C(EnvironmentFile=)); empty where systemd
    does not tell."""
    import shlex  # few passes ask this; all import this module

    try:
        words = shlex.split(_show(unit, ("Environment",)).get("Environment", ""))
    except ValueError:
        return {}
    pairs = (word.partition("=") for word in words)
    return {key: value for key, equals, value in pairs if equals}


def _show(unit: str, properties: Sequence[str]) -> dict[str, str]:
    command = ["systemctl", "show", "--property", ",".join(properties), "--", unit]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {key: value for key, equals, value in pairs if equals}


def start(unit: str) -> bool:
    """Have systemd start it, and do not wait for it. Whether systemd took the order."""
    try:
        done = subprocess.run(["systemctl", "start", "--no-block", "--", unit], check=False, capture_output=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def is_stopped(state: Mapping[str, str]) -> bool:
    """Whether an operator stopped it, or never started it: it is down, and not for having failed.

    A unit that systemd does not know is none that somebody could have stopped.
    """
    down = state.get("ActiveState") in ("inactive", "deactivating")
    return down and state.get("LoadState") in ("loaded", "masked") and state.get("Result", "success") == "success"


def is_lost(state: Mapping[str, str]) -> bool:
    """Whether it failed and systemd will not start it again by itself."""
    return state.get("ActiveState") == "failed"
