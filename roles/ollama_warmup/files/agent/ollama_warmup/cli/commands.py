# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands do, each for one instance; every one returns its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from keepwarm._base.files import create_empty
from keepwarm._residency.server.hold_file import Hold

from .. import exits
from ..configuration import Configuration, load, require_declared
from ..instance import Instance
from ..passes.lean import import_http_client
from ..service import is_stopped
from ..state.hold import current_hold
from ..state.lock import Locked, only_one
from ..state.remembering import remembered
from ..state.warm_mark import WarmMark
from .looking import Look, server_state
from .status import describe, status_data
from .terminal import this_terminal


def run(instance: Instance) -> int:
    """Make a pass. Root hands it to systemd, so that no file of root's ever locks the service user out."""
    return _run_by_systemd(instance) if os.geteuid() == 0 else _run_here(instance)


def check(instance: Instance) -> int:
    """Look at the server now; change nothing, neither there nor here."""
    configuration = load(instance.configuration)
    require_declared(configuration)
    import_http_client(configuration.url)
    from ..passes.inspection import inspect

    state, unread = remembered(instance)
    found = inspect(configuration, state, instance.measurements)
    show(status_data(instance.name, configuration, server_state(configuration), state, current_hold(instance), found, unread), as_json=False)
    return found.exit


def show(seen: Mapping[str, Any], as_json: bool, no_color: bool = False) -> int:
    """Print what was seen; returns its exit status."""
    if seen["state_problem"]:
        _complain(seen["state_problem"], exits.WARM)
    print(json.dumps(seen, indent=2) if as_json else describe(seen, time.time(), this_terminal(no_color)))
    return int(seen["exit"])


def validate(path: str) -> int:
    """Judge a configuration file: a sentence for each problem."""
    load(path)
    return exits.WARM


def _run_here(instance: Instance) -> int:
    from ..passes.signals import Interrupted, install_signal_handlers

    install_signal_handlers()
    WarmMark(instance.warm_mark).remove()
    hold = current_hold(instance)
    if hold:
        return _refuse(hold)
    try:
        configuration = load(instance.configuration)
        if not configuration.policy.declared:
            return _leave_all(instance, configuration)
        import_http_client(configuration.url, first=("prometheus_client",) if configuration.metrics else ())
        from ..passes.one_pass import make_pass

        with only_one(instance.state_folder):
            return make_pass(instance, configuration)
    except Locked as error:
        return _complain(str(error), exits.LOCKED)
    except Interrupted:  # before there was anything to save
        return exits.INTERRUPTED


def _leave_all(instance: Instance, configuration: Configuration) -> int:
    """In place of a pass where nobody has declared anything. What an earlier one left is not told any longer as if it were so."""
    from ..passes.publish import publish_skip

    with only_one(instance.state_folder):
        publish_skip(instance, configuration, remembered(instance)[0], exits.UNDECLARED)
    return exits.UNDECLARED


def _run_by_systemd(instance: Instance) -> int:
    configuration = load(instance.configuration)
    require_declared(configuration)
    if is_stopped(server_state(configuration)):
        return _complain(f"{configuration.unit} is stopped, and a pass never starts it", exits.STOPPED)
    hold = current_hold(instance)
    if hold:
        return _refuse(hold)
    begun = time.time()
    _ask_by_hand(instance)
    done = subprocess.run(["systemctl", "start", instance.unit], check=False, capture_output=True)  # the table says more than systemctl
    seen = Look(instance).seen()
    code = show(seen, as_json=False)
    if done.returncode != 0 and (seen["last_pass"] is None or seen["last_pass"]["at"] < begun):
        return _complain(f"the pass did not run: 'journalctl -u {instance.unit}' tells why", exits.NOT_RESIDENT)
    return code


def _ask_by_hand(instance: Instance) -> None:
    """An operator who asks has perhaps mended what failed: the pass does not wait until it would try again."""
    with suppress(OSError):
        create_empty(instance.by_hand)


def _refuse(hold: Hold) -> int:
    return _complain(f"no pass: {hold}; 'ollama-warmup release' ends it", exits.ON_HOLD)


def _complain(sentence: str, code: int) -> int:
    print(f"ollama-warmup: {sentence}", file=sys.stderr)
    return code
