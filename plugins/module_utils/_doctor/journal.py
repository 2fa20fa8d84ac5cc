# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journals of the server's unit and of the kernel. Reads only; a line that is none is left out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from .commands import first_lines
from .examination import Entry, JournalLook

Lines = Callable[[Sequence[str], int], "list[bytes]"]
"""From a command to its first lines, so many at most. Raises C(OSError)."""

_HOURS = 24
_STARTUP = 400  # lines: the server names its devices among the first dozens
_MOST = 20000  # lines; a busy server logs each request
_FIELDS = "MESSAGE,_SYSTEMD_INVOCATION_ID,INVOCATION_ID"


def read_journal(unit: str, invocation: str, lines: Lines = first_lines) -> JournalLook:
    """What was logged of the last 24 hours; of the unit's present start, its first lines however old. Raises C(OSError)."""
    recent = list(_entries(lines(_command(f"--unit={unit}"), _MOST)))
    started = _start_of(recent, invocation)
    return JournalLook(
        startup=tuple(entry for entry, dummy in _entries(lines(_startup_command(invocation), _STARTUP))) if invocation else (),
        current=tuple(entry for entry, dummy in recent if entry.time >= started),
        earlier=tuple(entry for entry, dummy in recent if entry.time < started),
        kernel=tuple(entry for entry, dummy in _entries(lines(_command("_TRANSPORT=kernel"), _MOST))),
        hours=_HOURS,
    )


def _command(match: str) -> list[str]:
    return [*_JOURNALCTL, f"--since=@{int(time.time()) - _HOURS * 3600}", f"--lines={_MOST}", match]


def _startup_command(invocation: str) -> list[str]:
    return [*_JOURNALCTL, f"_SYSTEMD_INVOCATION_ID={invocation}"]


_JOURNALCTL = ["journalctl", "--quiet", "--no-pager", "--output=json", f"--output-fields={_FIELDS}"]


def _start_of(entries: Iterable[tuple[Entry, str]], invocation: str) -> float:
    """When the present start began, in seconds since 1970; with none of its lines, before all that is there."""
    return min((entry.time for entry, of in entries if invocation and of == invocation), default=0.0)


def _entries(lines: Iterable[bytes]) -> Iterator[tuple[Entry, str]]:
    for line in lines:
        try:
            raw = json.loads(line)
            yield Entry(int(raw["__REALTIME_TIMESTAMP"]) / 1e6, _text(raw.get("MESSAGE"))), _text(raw.get("_SYSTEMD_INVOCATION_ID"))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # half a line, or none of journalctl's


def _text(raw: Any) -> str:
    """A field; one that is no text comes as a list of its bytes, one that is too long as null."""
    if isinstance(raw, list):
        return bytes(part for part in raw if isinstance(part, int) and 0 <= part < 256).decode("utf-8", "replace")
    return raw if isinstance(raw, str) else ""
