# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands by which an operator at work begins and ends a hold, and takes a host out of service and puts it back.

A hold ends passes, a drain does not; for load balancers both take the host out of service at once.
"""

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
from ..ready.board import publish_order
from ..service import start, unit_state
from ..state.hold import current_drain, current_hold


def hold(instance: Instance, length: str, reason: str) -> int:
    """Begin a hold now, or replace the one that is on. Raises `InvalidValue` and `ConfigurationError`."""
    wanted = _order(instance, instance.hold, length, reason)
    _note("hold", instance, until=moment(wanted.until), by=wanted.by, reason=wanted.reason or None)
    queue_operator_action(instance, "hold", until=moment(wanted.until), by=wanted.by, reason=wanted.reason or None)
    print(f"{_subject(instance)} is {wanted}")
    publish_order(instance)
    if unit_state(instance.unit).get("ActiveState") == "activating":
        print("A pass is running, and comes to its end first.")
    return exits.WARM


def release(instance: Instance) -> int:
    """End the hold, and have a pass made at once. Raises `InvalidValue` and `ConfigurationError`."""
    _check(instance)
    was = current_hold(instance)
    _forget(instance.hold)
    if was is None:
        print(f"{_subject(instance)} was not on hold")
        return exits.WARM
    _note("release", instance, by=_operator(), reason=was.reason or None)
    queue_operator_action(instance, "release", by=_operator(), reason=was.reason or None)
    print(f"{_subject(instance)} is no longer {was}")
    return _begin_pass(instance)


def drain(instance: Instance, length: str, reason: str, for_upgrade: bool = False) -> int:
    """Take the host out of service for load balancers; passes go on. Raises `InvalidValue` and `ConfigurationError`."""
    wanted = _order(instance, instance.upgrade_drain if for_upgrade else instance.drain, length, reason)
    _note("drain", instance, until=moment(wanted.until), by=wanted.by, reason=wanted.reason or None)
    print(f"{_subject(instance)} is {wanted.told('drained')}")
    publish_order(instance)
    return exits.WARM


def undrain(instance: Instance, for_upgrade: bool = False) -> int:
    """Put it back; it is ready again as soon as a pass has found it so, which is begun. An upgrade leaves an operator's drain as it is. Raises
    `InvalidValue` and `ConfigurationError`."""
    _check(instance)
    was = current_drain(instance)
    for path in (instance.upgrade_drain,) if for_upgrade else (instance.drain, instance.upgrade_drain):
        _forget(path)
    still = current_drain(instance)
    if was is not None and still is not None:
        print(f"{_subject(instance)} stays {still.told('drained')}")
        return exits.WARM
    if was is None:
        print(f"{_subject(instance)} was not drained")
        return exits.WARM
    _note("undrain", instance, by=_operator(), reason=was.reason or None)
    print(f"{_subject(instance)} is no longer {was.told('drained')}")
    return _begin_pass(instance)


def _order(instance: Instance, path: str, length: str, reason: str) -> Hold:
    now = time.time()
    wanted = Hold(until=now + parse_length(length), since=now, reason=parse_reason(reason), by=_operator())
    _check(instance)
    write_hold(path, wanted)
    return wanted


def _forget(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _begin_pass(instance: Instance) -> int:
    if _wake(instance):
        return exits.WARM
    print(f"ollama-warmup: no pass could be begun: 'systemctl status {instance.unit}' tells why", file=sys.stderr)
    return exits.NOT_RESIDENT


def _subject(instance: Instance) -> str:
    """In words: `default` is the name that nobody gave."""
    return "This host" if instance.name == DEFAULT_INSTANCE else f"Instance {instance.name} of this host"


def _check(instance: Instance) -> None:
    if os.geteuid() != 0:
        raise ConfigurationError(["only root may put a host on hold, drain it, or end that: use sudo"])
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
    """Into the journal, beside the agent's own lines: what the command prints, only the operator sees."""
    syslog.openlog("ollama-warmup")
    syslog.syslog(syslog.LOG_NOTICE, line(event, instance=instance.name, **fields))
