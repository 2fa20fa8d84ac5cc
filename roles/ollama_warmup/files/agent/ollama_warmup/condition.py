# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit's C(ExecCondition=) where the server's unit is not active: is there still a server to look after?"""

from __future__ import annotations

import json

from . import exits
from .instance import Instance
from .service import is_stopped, unit_state
from .warm_mark import WarmMark

_UNIT = "ollama.service"


def condition(instance: Instance) -> int:
    """0 to go on; 4 where an operator stopped the server, which systemd takes for skipping the pass, not for failing."""
    WarmMark(instance.warm_mark).remove()
    return exits.STOPPED if is_stopped(unit_state(_server_unit(instance))) else exits.WARM


def _server_unit(instance: Instance) -> str:
    """Whatever is wrong with the configuration is the pass's to say."""
    try:
        with open(instance.configuration, encoding="utf-8") as file:
            unit = json.load(file).get("unit")
    except (OSError, ValueError, AttributeError):
        return _UNIT
    return unit if isinstance(unit, str) else _UNIT
