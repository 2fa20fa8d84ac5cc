# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit's C(ExecCondition=) where the server's unit is not active, or a hold may be on: is there something to do?"""

from __future__ import annotations

import json

from . import exits
from .hold import current_hold
from .instance import Instance
from .service import is_stopped, unit_state
from .warm_mark import WarmMark

_UNIT = "ollama.service"


def condition(instance: Instance) -> int:
    """0 to go on; where an operator stopped the server 4, on hold 6, which systemd takes for skipping the pass, not for failing."""
    WarmMark(instance.warm_mark).remove()
    if is_stopped(unit_state(_server_unit(instance))):
        return exits.STOPPED
    return exits.SKIPPED if current_hold(instance) else exits.WARM


def _server_unit(instance: Instance) -> str:
    """Whatever is wrong with the configuration is the pass's to say."""
    try:
        with open(instance.configuration, encoding="utf-8") as file:
            unit = json.load(file).get("unit")
    except (OSError, ValueError, AttributeError):
        return _UNIT
    return unit if isinstance(unit, str) else _UNIT
