# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands by which an operator at work begins and ends a hold."""

from __future__ import annotations

import getpass
import os
import sys
import syslog
import time
from contextlib import suppress

from keepwarm._base.files import create_empty
from keepwarm._base.layout import DEFAULT_INSTANCE
from keepwarm._residency.server.hold_file import Hold, moment, parse_length, parse_reason, write_hold

from .. import exits
from ..instance import Instance
from ..journal import line
from ..notify.notifications import queue_operator_action
from ..problems import ConfigurationError
from ..service import start, unit_state
from ..state.hold import current_hold


def hold(instance: Instance, length: str, reason: str) -> int:
    """Begin a hold now, or replace the one that is on. Raises `InvalidValue` and `ConfigurationError`."""
    now = time.time()
    wanted = Hold(until=now + parse_length(length), since=now, reason=parse_reason(reason), by=_operator())
    _check(instance)
    write_hold(instance.hold, wanted)
    _note("hold", instance, until=moment(wanted.until), by=wanted.by, reason=wanted.reason or None)
    print(f"{_subject(instance)} is {wanted}")
    if unit_state(instance.unit).get("ActiveState") == "activating":
        print("A pass is running, and comes to its end first.")
    return exits.WARM


def release(instance: Instance) -> int:
    """End the hold, and have a pass made at once. Raises `InvalidValue` and `ConfigurationError`."""
    _check(instance)
    was = current_hold(instance)
    with suppress(FileNotFoundError):
        os.unlink(instance.hold)
    if was is None:
        print(f"{_subject(instance)} was not on hold")
        return exits.WARM
    _note("release", instance, by=_operator(), reason=was.reason or None)
    print(f"{_subject(instance)} is no longer {was}")
    if _wake(instance):
        return exits.WARM
    print(f"ollama-warmup: no pass could be begun: 'systemctl status {instance.unit}' tells why", file=sys.stderr)
    return exits.NOT_RESIDENT


def _subject(instance: Instance) -> str:
    """In words: `default` is the name that nobody gave."""
    return "This host" if instance.name == DEFAULT_INSTANCE else f"Instance {instance.name} of this host"


def _check(instance: Instance) -> None:
    if os.geteuid() != 0:
        raise ConfigurationError(["only root may put a host on hold or release it: use sudo"])
    if not os.path.exists(instance.configuration):
        raise ConfigurationError([f"there is no instance {instance.name!r} here ({instance.configuration} does not exist): name one with --instance"])


def _wake(instance: Instance) -> bool:
    """Begin a pass. A start alone would be lost on one that was just being skipped; the request is looked at after it, too.

    The request's folder is not root's: whatever is in its place already, a link included, is left as it is.
    """
    with suppress(OSError):
        create_empty(instance.wake)
    return start(instance.unit)


def _operator() -> str:
    """Who is at work, as far as the environment tells."""
    named = os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER")
    if named:
        return named
    try:
        return os.getlogin()
    except OSError:  # no terminal
        return getpass.getuser()


def _note(event: str, instance: Instance, **fields: str | None) -> None:
    """Into the journal and to whoever is notified, beside the agent's own lines: what the command prints, only the operator sees."""
    syslog.openlog("ollama-warmup")
    syslog.syslog(syslog.LOG_NOTICE, line(event, instance=instance.name, **fields))
    queue_operator_action(instance, event, **fields)
