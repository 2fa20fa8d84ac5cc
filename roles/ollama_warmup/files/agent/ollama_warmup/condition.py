# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit's C(ExecCondition=) where the server's unit is not active, or a hold may be on: is there something to do?"""

from __future__ import annotations

from . import exits
from .hold import current_hold
from .instance import Instance
from .server_unit import server_unit
from .service import is_stopped, unit_state
from .warm_mark import WarmMark


def condition(instance: Instance) -> int:
    """0 to go on; where an operator stopped the server 4, on hold 6, which systemd takes for skipping the pass, not for failing."""
    WarmMark(instance.warm_mark).remove()
    if is_stopped(unit_state(server_unit(instance))):
        return exits.STOPPED
    return exits.SKIPPED if current_hold(instance) else exits.WARM
