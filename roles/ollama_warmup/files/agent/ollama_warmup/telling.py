# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a pass: every channel is told, and none of them can make the pass fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Callable

from .configuration import Configuration
from .events import Event
from .instance import Instance
from .journal import WARNING, log
from .state import State
from .watch_pipe import notify

_Channel = Callable[[Instance, Configuration, State, Sequence[Event]], None]
_CHANNELS: Mapping[str, _Channel] = {"watch": lambda instance, *_others: notify(instance.watch_pipe)}
"""Beside the journal, by name. A channel is called after every pass and raises C(OSError) for what it cannot do."""


def tell(instance: Instance, configuration: Configuration, state: State, events: Sequence[Event]) -> None:
    """Tell of the pass that left this state."""
    for event in events:
        log(event.priority, event.name, **event.fields)
    for name, channel in _CHANNELS.items():
        try:
            channel(instance, configuration, state, events)
        except OSError as error:
            log(WARNING, "not_told", channel=name, path=error.filename, reason=error.strerror)
