# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until the required models are resident: what an application's gate does.

Waiting costs a look at a file twice a second. Only where a pass has ended warm is the server itself asked: the pass may have been
minutes ago. On hold there are no passes, and with an empty list none that ends warm: the server is asked every few seconds instead.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Optional

from keepwarm._base.files import create_empty

from .. import exits
from ..configuration import load, require_declared
from ..instance import Instance
from ..journal import NOTICE, log
from ..passes.lean import import_http_client
from ..service import unit_state
from ..state.hold import current_hold
from ..state.remembering import remembered

_POLL = 0.5  # seconds
_LOOK_AGAIN = 5.0  # seconds between two looks after one and the same pass

_Mark = Optional[tuple[int, int]]


def wait(instance: Instance, timeout: float | None) -> int:
    """Come back as soon as every required model is resident; give up after `timeout` seconds. A pass is asked for at the beginning, or
    after the one that is running then."""
    began = time.monotonic()
    check = _ReadinessCheck(instance)
    if check.passes():
        return exits.WARM
    log(NOTICE, "waiting", reason=check.reason, timeout=timeout)
    request = _Request(instance)
    while timeout is None or time.monotonic() < began + timeout:
        request.make_once()
        time.sleep(_POLL)
        if check.passes():
            log(NOTICE, "waited", seconds=round(time.monotonic() - began, 1))
            return exits.WARM
    log(NOTICE, "wait_timed_out", reason=check.reason, seconds=timeout)
    return exits.ON_HOLD if current_hold(instance) else exits.NOT_RESIDENT


class _ReadinessCheck:
    """Opens where the last pass ended warm and a look at the server now finds the same. `reason` is why it did not."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._seen: _Mark = None
        self._again = float("-inf")
        self.reason = ""

    def passes(self) -> bool:
        mark = _mark(self._instance.warm_mark)
        if mark == self._seen and time.monotonic() < self._again:
            return False
        self._seen, self._again = mark, time.monotonic() + _LOOK_AGAIN
        return self._look(mark)

    def _hold(self) -> list[str]:
        hold = current_hold(self._instance)
        return [str(hold)] if hold else []

    def _look(self, mark: _Mark) -> bool:
        configuration = load(self._instance.configuration)
        require_declared(configuration)
        if mark is None and configuration.policy.models and not self._hold():
            self.reason = "no pass has ended warm since the last one began"
            return False
        import_http_client(configuration.url)
        from ..passes.inspection import inspect

        found = inspect(configuration, remembered(self._instance)[0])
        self.reason = "; ".join([*self._hold(), *found.failures])
        return found.exit == exits.WARM


def _mark(path: str) -> _Mark:
    """Tells one warm pass from the next, whatever the clock says."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


class _Request:
    """For a pass. Not while one is running: it may be the one that is waited for, and another one would begin by taking back what it said."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._made = False
        self._again = float("-inf")

    def make_once(self) -> None:
        if self._made or time.monotonic() < self._again:
            return
        self._again = time.monotonic() + _LOOK_AGAIN
        if unit_state(self._instance.unit).get("ActiveState") != "activating":
            self._made = True
            with suppress(OSError):  # whoever may not, waits for the timer's
                create_empty(self._instance.wake)
