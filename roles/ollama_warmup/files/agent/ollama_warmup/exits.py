# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the commands end; units, gates and monitoring read these numbers."""

from __future__ import annotations

from collections.abc import Iterable

WARM = 0
NOT_RESIDENT = 1
BAD_CONFIGURATION = 2
UNREACHABLE = 3
STOPPED = 4
ON_HOLD = 5
SKIPPED = 6
"""The condition's word for a hold. The unit takes 5 for a success, which systemd holds good for its condition, too."""
UNDECLARED = 7
"""A pass with no models to keep. The unit ends with it where nobody has declared any, not even that there are none, and systemd takes it for a
success; with an empty list the unit ends with 0, and only what is told of the pass goes by this. Neither is warm."""
LOCKED = 75
INTERRUPTED = 143
"""128 + SIGTERM; the unit counts it as neither success nor failure."""
NO_CONDITION = 255
"""What ExecCondition= takes for a failure; 1 to 254 would skip the pass, and nobody would learn why."""

_BY_SEVERITY = (BAD_CONFIGURATION, UNREACHABLE, NOT_RESIDENT, STOPPED, INTERRUPTED, ON_HOLD, LOCKED, UNDECLARED, WARM)
"""What nothing mends by itself comes first, then what is wrong, then what somebody wanted, then a pass that another one makes up for."""

WORDS = {
    WARM: "warm",
    NOT_RESIDENT: "not warm",
    BAD_CONFIGURATION: "bad configuration",
    UNREACHABLE: "server unreachable",
    STOPPED: "server stopped",
    ON_HOLD: "on hold",
    SKIPPED: "skipped",
    UNDECLARED: "nothing declared",
    LOCKED: "another pass is running",
    INTERRUPTED: "interrupted",
    NO_CONDITION: "condition unknown",
}


def severity(code: int) -> int:
    """To order by, the worst first, which is not the largest. A code that no server's command ends with is a fault, and comes before all."""
    return _BY_SEVERITY.index(code) if code in _BY_SEVERITY else -1


def most_severe(codes: Iterable[int]) -> int:
    """Of several servers' codes the one to end with: a hold must not hide that a model is missing."""
    return min(codes, key=severity)
