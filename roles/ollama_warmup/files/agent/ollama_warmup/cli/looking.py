# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `status` tells: a look at the server now, which may take some seconds and no longer, and beside it the last pass.

A pass may be minutes old, and whatever it found may be gone since. So nothing of it is shown as if it were so now.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from keepwarm._base.background import Background
from keepwarm._base.readers import InvalidValue

from .. import exits
from ..configuration import Configuration, load
from ..instance import Instance
from ..passes.lean import import_http_client
from ..problems import ConfigurationError
from ..service import is_stopped, unit_state
from ..state.hold import current_drain, current_hold
from ..state.remembering import remembered
from ..state.state import LastPass
from .status import status_data

_DEADLINES = {"connect": 2.0, "answer": 3.5, "load": 3.5}  # seconds for one request
LONGEST = 4.0
"""Seconds for all that is asked; with what the program itself needs, a look takes less than five."""


class Look:
    """Begun when it is made, so that several servers are looked at at once. Raises `ConfigurationError`."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._until = time.monotonic() + LONGEST
        self._configuration = load(instance.configuration)
        import_http_client(self._configuration.url)
        self._state, self._unread = remembered(instance)
        self._service = Background(lambda: server_state(self._configuration))
        self._found = Background(self._inspect)

    def seen(self) -> dict[str, Any]:
        """As plain data, as soon as there is an answer, or the time is over."""
        service = self._service.result() if self._service.wait(self._left()) else {}
        found = None if is_stopped(service) else self._answer()
        hold, drain = current_hold(self._instance), current_drain(self._instance)
        return status_data(self._instance.name, self._configuration, service, self._state, hold, found, self._unread, drain)

    def _inspect(self, measurements: str | None = None) -> LastPass:
        from ..passes.inspection import inspect

        return inspect(replace(self._configuration, deadlines=_DEADLINES), self._state, measurements)

    def _answer(self) -> LastPass:
        if self._found.wait(self._left()):
            return self._with_forecast(self._found.result())
        silence = f"the server at {self._configuration.url} did not answer within {LONGEST:g} s"
        return LastPass(at=time.time(), seconds=LONGEST, exit=exits.UNREACHABLE, failures=(silence,))

    def _with_forecast(self, found: LastPass) -> LastPass:
        """What the loads that are missing will come to in memory, as far as that can be learned in the time that is left."""
        if found.exit != exits.NOT_RESIDENT or not os.access(self._instance.measurements, os.R_OK):
            return found
        forecast = Background(lambda: self._inspect(self._instance.measurements).warnings)
        return replace(found, warnings=forecast.result()) if forecast.wait(self._left()) else found

    def _left(self) -> float:
        return max(self._until - time.monotonic(), 0.0)


Seen = Callable[[Instance], "dict[str, Any]"]


def look_at(instances: Sequence[Instance]) -> Seen:
    """Begin a look at each of them. What it returns waits for the one at an instance, and raises `ConfigurationError`."""
    begun: dict[str, Look | ConfigurationError] = {}
    for instance in instances:
        try:
            begun[instance.name] = Look(instance)
        except ConfigurationError as error:
            begun[instance.name] = error

    ended: dict[str, dict[str, Any]] = {}

    def seen(instance: Instance) -> dict[str, Any]:
        found = begun[instance.name]
        if isinstance(found, ConfigurationError):
            raise found
        if instance.name not in ended:
            ended[instance.name] = found.seen()
        return ended[instance.name]

    return seen


def worst_first(instances: Sequence[Instance], seen: Seen) -> Sequence[Instance]:
    """As severe as their exit statuses are; one of them alone needs no order."""

    def severity(instance: Instance) -> int:
        try:
            return exits.severity(int(seen(instance)["exit"]))
        except (InvalidValue, OSError):  # whoever shows it says so
            return exits.severity(exits.BAD_CONFIGURATION)

    return sorted(instances, key=severity) if len(instances) > 1 else instances


def server_state(configuration: Configuration) -> Mapping[str, str]:
    """What systemd says of the server's unit; nothing where the server is another machine's, whatever unit of that name is here."""
    return unit_state(configuration.own_unit) if configuration.own_unit else {}
