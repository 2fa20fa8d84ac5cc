# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits to be sent: one small file for each pass that had something to tell, in a folder that the notifier empties.

The folder is kept across a reboot, as the state is: what the state takes for told would otherwise never be sent.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Callable

from keepwarm._base.files import read_bytes, replace_file
from keepwarm._base.readers import harmless, is_counted, read_value

from ..events import Event
from ..journal import WARNING, log

LIMIT = 200
"""Files; what a pass tells is a few hundred bytes."""
LARGEST = 1024 * 1024  # bytes
_END_OF_TIME = 2**37  # seconds since 1970; what dates can be made of
_LEAST_PRIORITY = 7
_NAME = re.compile(r"[a-z][a-z_]{0,59}", re.ASCII)
_SUFFIX = ".json"


@dataclass(frozen=True)
class Entry:
    """What one pass told. `name` is its file's, `at` in seconds since 1970."""

    name: str
    at: float
    events: tuple[Event, ...]


class Pending:
    """The folder, which the agent fills and the notifier, who is of its group, empties. `say` writes a line to the journal."""

    def __init__(self, folder: str, say: Callable[..., None] = log) -> None:
        self.folder = folder
        self._say = say

    def append(self, at: float, events: Sequence[Event]) -> str:
        """Add a file as a whole, whose name is returned, and drop the oldest above the limit. Raises `OSError`."""
        with _as_the_owner(os.path.dirname(self.folder)):
            return self._append(at, events)

    def _append(self, at: float, events: Sequence[Event]) -> str:
        self._make()
        temporary = f"{self.folder}.{os.getpid()}.new"  # beside it: systemd looks at whatever is inside
        name = f"{at * 1000:016.0f}-{os.getpid()}{_SUFFIX}"
        # The notifier is another user, whatever an operator's umask is.
        replace_file(os.path.join(self.folder, name), _content(at, events), mode=0o640, temporary=temporary)
        names = self._names()
        self.drop(names[: len(names) - LIMIT] if len(names) > LIMIT else [], f"more than {LIMIT} wait to be sent")
        return name

    def read(self) -> list[Entry]:
        """The oldest first. What is no entry is dropped. Raises `OSError`."""
        entries, others = [], []
        for name in self._names():
            try:
                entries.append(self._entry(name))
            except FileNotFoundError:
                continue  # dropped by the agent at this moment
            except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
                others.append(name)
        self.drop(others, "they are no notifications")
        return entries

    def remove(self, names: Iterable[str]) -> None:
        """They were sent. Raises `OSError`."""
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, name))

    def drop(self, names: Sequence[str], reason: str) -> None:
        """They will not be sent, which one line says."""
        if names:
            self.remove(names)
            self._say(WARNING, "notifications_dropped", count=len(names), reason=reason)

    def _make(self) -> None:
        try:
            os.mkdir(self.folder)
        except FileExistsError:
            return
        os.chmod(self.folder, 0o770)  # the unit's UMask= leaves the group nothing to write

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return []

    def _entry(self, name: str) -> Entry:
        raw = read_value(read_bytes(os.path.join(self.folder, name), LARGEST))
        return Entry(name, _moment(raw["at"]), tuple(map(_event, raw["events"])))


@contextmanager
def _as_the_owner(folder: str) -> Iterator[None]:
    """An operator's command runs as root, who is led nowhere by what the service user may have put there."""
    if os.geteuid() != 0:
        yield
        return
    owner = os.stat(folder)
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def _content(at: float, events: Sequence[Event]) -> bytes:
    """No more than can be read back; the first events, among them what departed, are the ones that are kept."""
    told = [{"priority": event.priority, "name": event.name, "fields": _fields(event.fields)} for event in events]
    while True:
        content = json.dumps({"at": at, "events": told}).encode()
        if len(content) <= LARGEST or not told:
            return content
        told = told[: len(told) // 2]


def _fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if _is_plain(value) else harmless(str(value)) for key, value in raw.items()}


def _moment(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not 0 <= raw < _END_OF_TIME:
        raise ValueError("at is no moment")
    return float(raw)


def _event(raw: Any) -> Event:
    """Whatever is shown of it is plain and harmless."""
    priority, name, fields = raw["priority"], raw["name"], raw["fields"]
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= _LEAST_PRIORITY:
        raise ValueError("priority is none of syslog's")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not all(_is_plain(value) for value in fields.values()):
        raise ValueError("it is no event")
    if name == "pass" and not isinstance(fields["result"], str):
        raise ValueError("result is no text")
    return Event(priority, name, {harmless(key): harmless(value) if isinstance(value, str) else value for key, value in fields.items()})


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, bool)) or (isinstance(value, (int, float)) and is_counted(value))
