# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent makes of an operator's hold: while one is on no pass is made, and the host counts as neither warm nor cold for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from keepwarm._base.readers import InvalidValue
from keepwarm._residency.server.hold_file import Hold, last_hold, moment, read_hold

from ..events import Event
from ..instance import Instance
from ..journal import NOTICE

if TYPE_CHECKING:
    from .state import LastPass  # the unit's condition needs no more than the hold


def current_hold(instance: Instance) -> Hold | None:
    """The hold that is on now. A file that tells none holds nothing; the pass says so (`hold_problem`)."""
    return _current(instance.hold)


def current_drain(instance: Instance) -> Hold | None:
    """The drain that is on now, an operator's or an upgrade's. It keeps balancers off the host, and is nothing to a pass."""
    return _current(instance.drain) or _current(instance.upgrade_drain)


def _current(path: str) -> Hold | None:
    try:
        return read_hold(path, time.time())
    except InvalidValue:
        return None


def hold_problems(instance: Instance) -> tuple[str, ...]:
    """What is wrong with the hold's file, a sentence each."""
    try:
        last_hold(instance.hold)
    except InvalidValue as error:
        return (str(error),)
    return ()


def hold_events(instance: Instance, before: LastPass | None, end: LastPass) -> Iterator[Event]:
    """That a hold is over, told by the first pass that ended after it."""
    try:
        hold = last_hold(instance.hold)
    except InvalidValue:
        return
    if hold and hold.is_over(end.at) and before is not None and before.at < hold.until:
        yield Event(NOTICE, "hold_expired", {"until": moment(hold.until), "by": hold.by or None, "reason": hold.reason or None})
