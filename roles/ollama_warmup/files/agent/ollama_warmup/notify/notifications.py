# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel of notifications: what a pass has to tell is put where the notifier, a unit of its own, finds it.

The pass itself reaches nothing but the server: it neither knows an address nor waits for one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from .. import exits
from ..configuration import Configuration, load, read_raw
from ..events import Event
from ..instance import Instance
from ..journal import NOTICE
from ..problems import ConfigurationError
from ..state.state import State
from .fates import Fate, read_fate
from .message import is_news
from .pending import Pending

PATIENCE = 20.0
"""Seconds that whoever sends a test waits to learn what became of it; a name that does not resolve takes some."""
_POLL = 0.2  # seconds
_OF_AN_INTERRUPTION = ("pass", "not_warm")


def queue(instance: Instance, configuration: Configuration, state: State, events: Sequence[Event]) -> None:
    """Queue what the pass told, if it is worth a message. Raises `OSError`."""
    if not configuration.notify:
        return
    interrupted = state.last_pass is not None and state.last_pass.exit == exits.INTERRUPTED
    told = [event for event in events if not (interrupted and event.name in _OF_AN_INTERRUPTION)]
    if is_news(told):
        Pending(instance.notifications).append(state.last_pass.at if state.last_pass else time.time(), told)


def queue_operator_action(instance: Instance, name: str, **fields: Any) -> None:
    """Queue what an operator did, who has done it in any case."""
    try:
        if read_raw(instance.configuration).get("notify") is True:
            Pending(instance.notifications).append(time.time(), [Event(NOTICE, name, fields)])
    except ConfigurationError as error:
        _complain(str(error))
    except OSError as error:
        _complain(f"cannot queue the notification: {error.filename}: {error.strerror}")


def queue_test(instance: Instance) -> int:
    """Queue what only says that it is a test, and tell what becomes of it at each address; returns an exit status. Raises `OSError`."""
    if not load(instance.configuration).notify:
        _complain("notifications are not configured: set ollama_warmup_notify_urls and run the role")
        return exits.BAD_CONFIGURATION
    event = Event(NOTICE, "test", {"reason": "ollama-warmup notify --test was called"})
    test = Pending(instance.notifications).append(time.time(), [event])
    count, fate = _await_fate(instance, test)
    return _tell_fate(instance, count, fate)


def _await_fate(instance: Instance, test: str) -> tuple[int, Fate]:
    """As soon as every address was tried, or when enough was waited."""
    end = time.monotonic() + PATIENCE
    while True:
        count, fate = read_fate(instance.notifier_state, test)
        if (count and len(fate) >= count) or time.monotonic() >= end:
            return count, fate
        time.sleep(_POLL)


def _tell_fate(instance: Instance, count: int, fate: Fate) -> int:
    if not count:
        _complain(f"nobody has tried to send it within {PATIENCE:g} s: 'journalctl -u {instance.notifier}' tells why (and only root is told here)")
        return exits.NOT_RESIDENT
    for place in range(count):
        print(f"ollama_warmup_notify_urls[{place}]: {_fate_words(fate, place)}")
    sent = len(fate) >= count and not any(fate.values())
    return exits.WARM if sent else exits.NOT_RESIDENT


def _fate_words(fate: Fate, place: int) -> str:
    if place not in fate:
        return f"no answer yet, after {PATIENCE:g} s; it is tried for a day"
    return "sent" if fate[place] is None else f"not sent: {fate[place]}; it is tried again for a day"


def _complain(sentence: str) -> None:
    print(f"ollama-warmup: {sentence}", file=sys.stderr)
