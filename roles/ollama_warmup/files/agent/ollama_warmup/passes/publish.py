# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every channel is told of a pass, and none of them can make the pass fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Callable

from .. import exits
from ..configuration import Configuration
from ..events import Event
from ..instance import Instance
from ..journal import WARNING, log
from ..notify.notifications import queue
from ..ready.board import publish_unproved
from ..ready.proofs import NOTHING_DECLARED
from ..ready.readiness import COLD, HOLD, STOPPED
from ..state.state import State
from ..watch.pipe import notify


def _metrics(instance: Instance, configuration: Configuration, state: State, _events: Sequence[Event]) -> None:
    if configuration.metrics is not None:
        from ..metrics import textfile

        textfile.tell_end(instance, configuration, state)


_UNPROVED = {
    exits.UNREACHABLE: (COLD, "unreachable"),
    exits.STOPPED: (STOPPED, "stopped"),
    exits.SKIPPED: (HOLD, "hold"),
    exits.UNDECLARED: (COLD, NOTHING_DECLARED),
}
"""What a pass that proved nothing leaves for balancers, by its exit status. Of one that was told to stop, what it proved still counts."""


def _readiness(instance: Instance, configuration: Configuration, state: State, _events: Sequence[Event]) -> None:
    if state.last_pass is not None and state.last_pass.ended in _UNPROVED:
        publish_unproved(instance, configuration, *_UNPROVED[state.last_pass.ended])


_Channel = Callable[[Instance, Configuration, State, Sequence[Event]], None]
_CHANNELS: Mapping[str, _Channel] = {
    "readiness": _readiness,
    "watch": lambda instance, *_others: notify(instance.watch_pipe),
    "metrics": _metrics,
    "notifications": queue,
}
"""Beside the journal, by name. A channel is called after every pass and raises `OSError` for what it cannot do."""


def tell(instance: Instance, configuration: Configuration, state: State, events: Sequence[Event]) -> None:
    """Tell of the pass that left this state."""
    for event in events:
        log(event.priority, event.name, **event.fields)
    for name, channel in _CHANNELS.items():
        with _harmless(name):
            channel(instance, configuration, state, events)


def publish_beginning(instance: Instance, configuration: Configuration, state: State) -> None:
    """Tell of the pass that begins, which may have long loads before it."""
    if configuration.metrics is not None:
        from ..metrics import textfile

        with _harmless("metrics"):
            textfile.publish_beginning(instance, configuration, state)


def publish_skip(instance: Instance, configuration: Configuration, state: State, code: int) -> None:
    """Tell of a pass that was skipped; the exit status `code` says why."""
    with _harmless("readiness"):
        publish_unproved(instance, configuration, *_UNPROVED[code])
    if configuration.metrics is not None:
        from ..metrics import textfile

        with _harmless("metrics"):
            textfile.publish_skip(instance, configuration, state, code)


@contextmanager
def _harmless(channel: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log(WARNING, "channel_failed", channel=channel, path=error.filename, reason=error.strerror)
