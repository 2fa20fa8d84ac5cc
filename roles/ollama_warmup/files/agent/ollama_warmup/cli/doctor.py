# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that tells why a host is not warm. What it does is the collection's module `ollama_doctor_info`, too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

_NOT_FOUND = 127
_BLIND = 2
_TOO_SLOW = 124  # as timeout(1) has it
_SECONDS = 19.0  # less than what the doctor waits for any program


def doctor(instance: str | None, as_json: bool) -> int:
    """Look at one instance, or at all: 0 nothing is wrong, 1 there are problems, 2 nobody could look, or not everywhere."""
    from keepwarm._doctor import examine as look
    from keepwarm._doctor import page as tell

    try:
        look.require_root_and_systemd(_run)
    except look.CannotLook as reason:
        print(f"ollama-warmup: {reason}", file=sys.stderr)
        return _BLIND
    names = [instance] if instance else look.instances(_run)
    told = tell.report(os.uname().nodename, [look.examine(_run, name) for name in names])
    print(json.dumps(told, indent=2) if as_json else tell.page(told))
    return int(told["exit"])


def _run(command: Sequence[str]) -> tuple[int, str, str]:
    """Exit status, standard output, standard error, whatever bytes they are; in English."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=_SECONDS)
    except subprocess.TimeoutExpired:  # and is killed, lest it is left behind
        return _TOO_SLOW, "", f"{command[0]} did not end within {_SECONDS:g} s"
    except OSError as error:
        return _NOT_FOUND, "", f"{command[0]}: {error.strerror}"
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "surrogateescape")
