# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit's `ExecCondition=` where the server's unit is not active, or a hold may be on: is there something to do?"""

from __future__ import annotations

from contextlib import suppress

from .. import exits
from ..instance import Instance
from ..passes.restart import RestartRequest
from ..server_unit import server_unit
from ..service import is_stopped, unit_state
from ..state.hold import current_hold
from ..state.warm_mark import WarmMark


def condition(instance: Instance) -> int:
    """0 to go on; where an operator stopped the server 4, on hold 6, which systemd takes for skipping the pass, not for failing."""
    WarmMark(instance.warm_mark).remove()
    RestartRequest(instance.restart).remove()
    code = _judge(instance)
    if code == exits.WARM:
        return code
    _tell_skip(instance, code)
    # A start of the server meanwhile has asked for a pass, and systemd takes this one for it.
    return _judge(instance)


def _tell_skip(instance: Instance, code: int) -> None:
    """To whom it matters that somebody looks, though not what is wrong here: that is the pass's to say."""
    from keepwarm._base.readers import InvalidValue

    from ..configuration import load
    from ..passes.publish import publish_skip
    from ..problems import ConfigurationError
    from ..state.lock import Locked, only_one
    from ..state.state_file import StateFile, read_state

    with suppress(ConfigurationError, InvalidValue, Locked, OSError), only_one(instance.state_folder):
        publish_skip(instance, load(instance.configuration), read_state(StateFile(instance.state_folder).path), code)


def _judge(instance: Instance) -> int:
    if is_stopped(unit_state(server_unit(instance))) and _is_own(instance):
        return exits.STOPPED
    return exits.SKIPPED if current_hold(instance) else exits.WARM


def _is_own(instance: Instance) -> bool:
    """Whether that unit is the server; another machine's has nothing to do with it. What is wrong here is the pass's to say."""
    from ..configuration import load
    from ..problems import ConfigurationError

    try:
        return load(instance.configuration).own_unit is not None
    except ConfigurationError:
        return True
