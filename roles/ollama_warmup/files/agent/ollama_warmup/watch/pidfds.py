# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes whose end is waited for. The kernel tells of it through a pidfd, to anybody, and costs nothing until then."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from dataclasses import dataclass

from keepwarm._residency.server.process import Process, is_running

from ..problems import ConfigurationError


@dataclass(frozen=True)
class Held:
    """A process under the key of whoever holds it. `since` is that one's time, in seconds."""

    key: str
    process: Process
    since: float


class Pidfds:
    """One pidfd for each process, in `poll`."""

    def __init__(self, poll: select.poll) -> None:
        self._poll = poll
        self._held: dict[int, Held] = {}

    def hold(self, key: str, process: Process, now: float) -> None:
        """From now on; one that ends meanwhile counts as having ended. What is held already stays so."""
        if any(held.process == process for held in self._held.values()):
            return
        with suppress(ProcessLookupError):
            pidfd = os.pidfd_open(process.pid)
            if is_running(process):
                self._held[pidfd] = Held(key, process, now)
                self._poll.register(pidfd, select.POLLIN)
            else:  # that number was given away in between
                os.close(pidfd)

    def holds(self, key: str) -> bool:
        """Whether a process is held under it."""
        return any(held.key == key for held in self._held.values())

    def let_go(self, pidfd: int) -> Held | None:
        """Of a process that ended; None for what is no pidfd of ours."""
        held = self._held.pop(pidfd, None)
        if held is not None:
            self._poll.unregister(pidfd)
            os.close(pidfd)
        return held


def check_kernel() -> None:
    """Raises `ConfigurationError` where there are no pidfds."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        raise ConfigurationError([f"this system does not let a process be watched ({error.strerror}): Linux 5.3 or newer does"]) from error
