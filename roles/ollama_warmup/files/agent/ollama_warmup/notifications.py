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

from . import exits
from .configuration import Configuration, load, read_raw
from .events import Event
from .instance import Instance
from .journal import NOTICE
from .message import is_news
from .pending import Pending
from .problems import ConfigurationError
from .state import State

_OF_AN_INTERRUPTION = ("pass", "not_warm")


def queue(instance: Instance, configuration: Configuration, state: State, events: Sequence[Event]) -> None:
    """Queue what the pass told, if it is worth a message. Raises C(OSError)."""
    if not configuration.notify:
        return
    interrupted = state.last_pass is not None and state.last_pass.exit == exits.INTERRUPTED
    told = [event for event in events if not (interrupted and event.name in _OF_AN_INTERRUPTION)]
    if is_news(told):
        Pending(instance.notifications).append(state.last_pass.at if state.last_pass else time.time(), told)


def queue_deed(instance: Instance, name: str, **fields: Any) -> None:
    """Queue what an operator did, who has done it in any case."""
    try:
        if read_raw(instance.configuration).get("notify") is True:
            Pending(instance.notifications).append(time.time(), [Event(NOTICE, name, fields)])
    except ConfigurationError as error:
        _complain(str(error))
    except OSError as error:
        _complain(f"nobody is told: {error.filename}: {error.strerror}")


def queue_test(instance: Instance) -> int:
    """Queue what only says that it is a test; returns an exit status. Raises C(OSError)."""
    if not load(instance.configuration).notify:
        _complain("nobody is to be told: give addresses in ollama_warmup_notify_urls and run the role")
        return exits.BAD_CONFIGURATION
    Pending(instance.notifications).append(time.time(), [Event(NOTICE, "test", {"reason": "ollama-warmup notify --test was called"})])
    return exits.WARM


def _complain(sentence: str) -> None:
    print(f"ollama-warmup: {sentence}", file=sys.stderr)
