# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the readiness file: by a pass as it goes on, and by whoever takes the host out of service.

The pass is the service user's and the operator's commands are root's, so each replaces the file as a whole and none reads it to write it. What an
operator wants is in files of its own; the pass looks at them once more after it has written, and so cannot say "ready" over a hold that has just begun.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import ceil, floor

from keepwarm._base.files import replace_file
from keepwarm._base.readers import InvalidValue
from keepwarm._residency.decide.progress import Progress

from ..configuration import Configuration
from ..instance import Instance
from ..journal import WARNING, log
from ..state.hold import current_drain, current_hold
from .proofs import proved, says_the_same, unproved
from .readiness import DRAIN, HOLD, NONE, Readiness, Span, Start, text_of
from .rule import current_start, read, seconds_since_boot

_RENEW = 10.0  # seconds: so often the file is written where nothing but the time has changed


class Board:
    """Of one pass. What cannot be written is said in the journal and ages; it never makes a pass fail."""

    def __init__(self, instance: Instance, configuration: Configuration) -> None:
        self._instance, self._configuration = instance, configuration
        self._start = server_start(instance, configuration)
        self._said = _former(instance)
        self._at = float("-inf")
        self._failed = False

    def looked(self, models: Sequence[Progress]) -> None:
        """After each look at the server: every model that it proves is proved anew."""
        self._write(models, is_over=False)

    def conclude(self, models: Sequence[Progress]) -> None:
        """After the last one."""
        self._write(models, is_over=True)

    def _write(self, models: Sequence[Progress], is_over: bool) -> None:
        before, self._start = self._start, server_start(self._instance, self._configuration)
        if before != self._start:  # nobody knows which of them was looked at
            return
        span = span_now(self._configuration.proof_age)
        found = proved(models, self._said, self._start, span, self._configuration.policy.strict, is_over)
        is_young = time.monotonic() - self._at < _RENEW
        if is_young and not is_over and says_the_same(found, self._said):
            return
        self._said, self._at = found, time.monotonic()
        self._put(found)

    def _put(self, found: Readiness) -> None:
        try:
            publish(self._instance, found)
        except OSError as error:
            if not self._failed:
                log(WARNING, "readiness_not_written", path=self._instance.readiness, reason=error.strerror)
            self._failed = True


def publish_unproved(instance: Instance, configuration: Configuration, state: str, word: str) -> None:
    """In place of what a pass would have proved. Raises `OSError`."""
    publish(instance, unproved(configuration.policy, state, word, server_start(instance, configuration)))


def publish_order(instance: Instance) -> None:
    """Root's, when a hold or a drain begins; without a folder no pass has written anything that would have to be taken back."""
    with suppress(FileNotFoundError):
        publish(instance, Readiness(), temporary=f"{instance.readiness}.order")


def publish(instance: Instance, found: Readiness, temporary: str | None = None) -> None:
    """Replace the file. Raises `OSError`."""
    order = _order(instance)
    while True:
        text = text_of(replace(found, state=order, word=order) if order else found)
        replace_file(instance.readiness, text.encode(), mode=0o644, durable=False, temporary=temporary)
        before, order = order, _order(instance)
        if before == order:
            return


def span_now(age: float) -> Span:
    """Of a proof that is made now, and counts for so many seconds."""
    boot = seconds_since_boot()
    return Span(until=ceil(time.time() + age), since=floor(boot), end=ceil(boot + age))


def server_start(instance: Instance, configuration: Configuration) -> Start:
    """Of the server's unit; where that does not run, whatever answers is none of it."""
    start = current_start(configuration.own_unit or NONE, instance.root)
    return Start() if start.invocation == NONE else start


def _order(instance: Instance) -> str | None:
    if current_hold(instance):
        return HOLD
    return DRAIN if current_drain(instance) else None


def _former(instance: Instance) -> Readiness:
    try:
        return read(instance.readiness)
    except (InvalidValue, OSError):
        return Readiness()
