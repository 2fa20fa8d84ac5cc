# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journals of the server's unit and of the kernel. Reads only; a line that is none is left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .._base.systemctl import Run
from .._base.text import one_line
from .examination import Entry, JournalLook

_HOURS = 24
_STARTUP = 180  # seconds: a search for GPUs takes up to a minute (docs/ollama-semantics.md#start-of-the-server)
_MOST = 10000  # lines; a busy server logs each request
_JOURNALCTL = ("journalctl", "--quiet", "--no-pager", "--output=json", "--output-fields=MESSAGE,_SYSTEMD_INVOCATION_ID", f"--lines={_MOST}")


class JournalError(Exception):
    """The journal does not tell; the message is one sentence."""


def read_journal(run: Run, unit: str, invocation: str, started: int, now: float) -> JournalLook:
    """What was logged of the last 24 hours, and when the unit's present start began, however old that is. `started`, 0 if not
    known, and `now` are in seconds since 1970. Raises `JournalError`."""
    recent = list(_entries(_ask(run, f"--since=@{int(now) - _HOURS * 3600}", f"--unit={unit}")))
    beginning = _beginning(recent, invocation)
    span = (f"--since=@{started - 1}", f"--until=@{started + _STARTUP}")
    startup = _entries(_ask(run, *span, f"_SYSTEMD_INVOCATION_ID={invocation}")) if invocation and started else ()
    return JournalLook(
        startup=tuple(entry for entry, dummy in startup),
        current=tuple(entry for entry, dummy in recent if entry.time >= beginning),
        earlier=tuple(entry for entry, dummy in recent if entry.time < beginning),
        kernel=tuple(entry for entry, dummy in _entries(_ask(run, f"--since=@{int(now) - _HOURS * 3600}", "_TRANSPORT=kernel"))),
        began=beginning or started,
    )


def _ask(run: Run, *matches: str) -> list[str]:
    status, output, error = run([*_JOURNALCTL, *matches])
    if status != 0:
        raise JournalError(one_line(error) or f"journalctl ended with {status}")
    return output.split("\n")


def _beginning(entries: Iterable[tuple[Entry, str]], invocation: str) -> float:
    """When the present start began, in seconds since 1970; with none of its lines, before all that is there."""
    return min((entry.time for entry, of in entries if invocation and of == invocation), default=0.0)


def _entries(lines: Iterable[str]) -> Iterator[tuple[Entry, str]]:
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
