# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that starts over and over, and what it says last. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .examination import Entry, Examination, UnitLook
from .finding import PROBLEM, Evidence, Finding, Kind, seen

CRASH_LOOP = Kind(
    "crash_loop",
    PROBLEM,
    "{unit} ends soon after each start, and systemd starts it over and over (restarts so far: {restarts}): {said}",
    "correct what it says, then systemctl restart {unit}; journalctl -u {unit} -n 50 has it in full",
)
KINDS = (CRASH_LOOP,)
_LAST_WORDS = re.compile(r"^(?:Error: |panic: )|level=(?:ERROR|FATAL)")
_YOUNG = 60  # seconds: what lives longer has come up
_SEVERAL = 3  # restarts


def check(look: Examination) -> Iterator[Finding]:
    """One finding, with the last error that was logged."""
    unit = look.unit
    if unit is None or not _loops(unit, look.now):
        return
    error = last_error(look)
    shown = [seen(f"systemctl show {look.unit_name}", f"SubState={unit.unit.sub_state} NRestarts={unit.properties.get('NRestarts', '?')}")]
    shown += evidence_of_end(look)
    said = error.message if error else f"it logged no error (Result={unit.properties.get('Result', '')})"
    yield CRASH_LOOP.found(*shown, unit=look.unit_name, restarts=unit.properties.get("NRestarts", "?"), said=said)


def last_error(look: Examination) -> Entry | None:
    """The last line by which the server, or the Go runtime, says why it ends."""
    lines = (*look.journal.earlier, *look.journal.current) if look.journal else ()
    return next((entry for entry in reversed(lines) if _LAST_WORDS.search(entry.message)), None)


def evidence_of_end(look: Examination) -> list[Evidence]:
    """The line of `last_error`, where there is one."""
    error = last_error(look)
    return [seen(f"journalctl -u {look.unit_name}", error.message)] if error else []


def _loops(unit: UnitLook, now: float) -> bool:
    """systemd waits for the next start; or, after three restarts at least, the next one is under way or has just begun."""
    if unit.unit.sub_state.startswith("auto-restart"):
        return True
    restarts = unit.properties.get("NRestarts", "")
    several = restarts.isdigit() and int(restarts) >= _SEVERAL
    return several and (unit.unit.active_state == "activating" or 0 <= now - unit.started < _YOUNG)
