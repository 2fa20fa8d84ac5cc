# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what the readiness file says still counts: by its age, and by the start of the server that it is about. Nobody is asked.

The gateway's script (roles/ollama_gateway/files/njs/keepwarm_ready.js) and the shell's (roles/ollama_warmup/files/ready.sh) have the same rule;
a test gives all of them the same files.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass

from keepwarm._base.files import read_bytes
from keepwarm._base.layout import invocation_link
from keepwarm._base.readers import InvalidValue

from .readiness import COLD, LARGEST, NONE, READY, RESIDENT, STOPPED, Readiness, Span, Start, parse

UNREADABLE = "unreadable"
"""The file is not there, not of this format, or somebody else's."""
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class Answer:
    """`state` as in the file, `word` why."""

    state: str
    word: str

    @property
    def is_ready(self) -> bool:
        """Whether requests may come."""
        return self.state == READY


@dataclass(frozen=True)
class Now:
    """By the wall clock and since boot, in seconds; and the server's start now."""

    wall: float
    boot: float
    start: Start


def answer(path: str, model: str | None = None, root: str = "/") -> Answer:
    """For the server, or for one model by all parts of its name."""
    try:
        found = read(path)
    except (InvalidValue, OSError):
        return Answer(COLD, UNREADABLE)
    return judge(found, Now(time.time(), seconds_since_boot(), current_start(found.start.unit, root)), model)


def read(path: str) -> Readiness:
    """The file, if it is the agent's. Raises `InvalidValue` and `OSError`."""
    status = os.lstat(path)
    if status.st_uid not in (0, os.stat(os.path.dirname(path)).st_uid) or status.st_mode & _OTHERS_WRITE:
        raise InvalidValue(f"{path} was put there by another user")
    return parse(read_bytes(path, LARGEST).decode("utf-8", "replace"))


def judge(found: Readiness, now: Now, model: str | None = None) -> Answer:
    """Whatever takes the whole host out of service comes first."""
    if found.state not in (READY, COLD):
        return Answer(found.state, found.word)
    if found.start.unit != NONE and found.start.invocation != now.start.invocation:
        return Answer(STOPPED, "stopped") if now.start.invocation == NONE else Answer(COLD, "restarted")
    if model is None:
        return _counted(found.state == READY, found.word, found.span, now)
    proof = next((proof for proof in found.proofs if proof.model == model), None)
    return _counted(proof.resident, proof.word, proof.span, now) if proof else Answer(COLD, "not_declared")


def _counted(is_proved: bool, word: str, span: Span, now: Now) -> Answer:
    if not is_proved:
        return Answer(COLD, word)
    is_young = now.wall < span.until and span.since <= now.boot < span.end
    return Answer(READY, RESIDENT) if is_young else Answer(COLD, "stale")


def current_start(unit: str, root: str = "/") -> Start:
    """Which start of the unit this is; `NONE` in it where it does not run. systemd keeps a link to that name, which every user may read."""
    if unit == NONE:
        return Start()
    path = invocation_link(unit, root)
    try:
        return Start(unit, os.readlink(path) or NONE, os.lstat(path).st_ino)
    except OSError:
        return Start(unit)


def seconds_since_boot() -> float:
    """Of /proc/uptime, sleep included, as all other readers have it: in an LXC container that is the container's, and CLOCK_BOOTTIME the host's.
    Raises `OSError` and `ValueError`."""
    with open("/proc/uptime", encoding="ascii") as file:
        return float(file.read().split(" ")[0])
