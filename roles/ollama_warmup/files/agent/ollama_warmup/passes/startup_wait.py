# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a server that has just been started: systemd calls it active minutes before it answers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from keepwarm._residency.server.client import ServerSilent, ServerUnreachable
from keepwarm._residency.server.observer import Observer
from keepwarm._residency.values.observation import Observation

from ..service import is_lost, is_stopped, unit_state

_AGAIN = 0.25  # seconds between two questions


class ServerStopped(Exception):
    """The unit is down: there is nothing to wait for."""


@dataclass
class WaitingObserver(Observer):
    """An observer whose first look waits up to `ready_timeout` seconds for an answer. That wait costs no request more."""

    ready_timeout: float = 0.0
    _started: float = field(default_factory=time.monotonic)
    _answered: bool = False

    def look(self) -> Observation:
        """Raises `ServerFailure`, and `ServerStopped` as soon as waiting is pointless."""
        while True:
            try:
                found = super().look()
                self._answered = True
                return found
            except (ServerUnreachable, ServerSilent):
                if self._is_over():
                    raise
                time.sleep(_AGAIN)

    def _is_over(self) -> bool:
        state = unit_state(self.unit) if self.unit else {}
        if is_stopped(state):
            raise ServerStopped(f"{self.unit} is stopped")
        return self._answered or is_lost(state) or time.monotonic() - self._started > self.ready_timeout
