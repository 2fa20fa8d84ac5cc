# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's word that a host is to be left alone until some moment, and the file that keeps it over a reboot.

The file lies where only root writes, so that whoever reads it may believe it. It carries its end twice: in what it
says, which counts, and as its time of modification, by which a shell can tell a hold that is over without a program.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..._base.files import read_bytes, replace_file
from ..._base.readers import NUMBER, TEXT, InvalidValue, typed
from ..._base.text import one_line, short_repr, utc
from ..values.keep_alive import KeepAlive

LONGEST = 30 * 86400.0
"""Seconds; what is forgotten for longer is no work in progress."""
_LARGEST_FILE = 64 * 1024  # bytes
_LONGEST_REASON = 200  # characters


@dataclass(frozen=True)
class Hold:
    """`since` and `until` are seconds since 1970 by the host's wall clock; `by` is who said so, `reason` may be empty."""

    until: float
    since: float
    reason: str = ""
    by: str = ""

    def is_over(self, now: float) -> bool:
        """Whether it no longer holds at that moment."""
        return now >= self.until

    def __str__(self) -> str:
        return self.told("on hold")

    def told(self, what: str) -> str:
        """That the host is `what`, and until when."""
        by = f" by {self.by}" if self.by else ""
        return f"{what} until {utc(self.until)}{by}" + (f": {self.reason}" if self.reason else "")


def moment(epoch: float) -> str:
    """RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def hold_data(hold: Hold) -> dict[str, str]:
    """As results and status tell it."""
    return {"until": moment(hold.until), "since": moment(hold.since), "reason": hold.reason, "by": hold.by, "text": str(hold)}


def parse_length(raw: Any) -> float:
    """Seconds of what a person wrote. Raises `InvalidValue`."""
    wanted = "give seconds (3600) or a duration such as '2h', at most 720h"
    try:
        seconds = KeepAlive.parse(raw).as_timedelta().total_seconds()
    except InvalidValue as error:
        raise InvalidValue(f"{short_repr(raw)} is not how long a hold may last: {wanted}") from error
    if not 1 <= seconds <= LONGEST:
        raise InvalidValue(f"a hold of {short_repr(raw)} is not between a second and 30 days: {wanted}")
    return seconds


def parse_reason(raw: str) -> str:
    """One line of it. Raises `InvalidValue` for what is too long to be read at a glance."""
    reason = one_line(raw)
    if len(reason) > _LONGEST_REASON:
        raise InvalidValue(f"the reason has {len(reason)} characters: use at most {_LONGEST_REASON}")
    return reason


def read_hold(path: str, now: float) -> Hold | None:
    """The hold that is on at that moment, or None. Raises `InvalidValue` for a file that tells none: it holds nothing."""
    hold = last_hold(path)
    return None if hold is None or hold.is_over(now) else hold


def last_hold(path: str) -> Hold | None:
    """The hold of the file, be it over or not; None without one. Raises `InvalidValue`."""
    try:
        return _parse(json.loads(read_bytes(path, _LARGEST_FILE)))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read, and is no hold: {error.strerror}") from error
    except (ValueError, RecursionError, OverflowError) as error:
        raise InvalidValue(f"{path} tells no hold, and is taken for none ({one_line(str(error))}): hold anew or release") from error


def write_hold(path: str, hold: Hold) -> None:
    """Replace the file as a whole. Raises `OSError`; only root may."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    content = json.dumps(vars(hold), indent=1).encode()
    replace_file(path, content, mode=0o644, prepare=lambda temporary: os.utime(temporary, (hold.until, hold.until)))


def _parse(raw: Any) -> Hold:
    if not isinstance(raw, dict):
        raise InvalidValue("it is no object")
    hold = Hold(until=_epoch(raw, "until"), since=_epoch(raw, "since"), reason=_line(raw, "reason"), by=_line(raw, "by"))
    if not 0 < hold.until - hold.since <= LONGEST:
        raise InvalidValue("it does not end within 30 days of its beginning")
    return hold


def _epoch(raw: Mapping[str, Any], key: str) -> float:
    value = float(typed(raw, key, NUMBER))
    if not 0 <= value < 2**37:
        raise InvalidValue(f"{key} is no moment")
    return value


def _line(raw: Mapping[str, Any], key: str) -> str:
    return one_line(typed({key: "", **raw}, key, TEXT))
