# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of an upgrade's record on one host: each brought about, or predicted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Callable, Optional

from ._release import Releases, Run
from ._release_running import units_that_run_another
from ._upgrade import Record, RecordError, losses
from ._upgrade_files import differing, keep, put_back, read_record, write_record


class WorseOff(Exception):
    """The models are not as they were before the upgrade; the message tells of each."""

    def __init__(self, found: Sequence[str]) -> None:
        super().__init__("; ".join(found))
        self.losses = list(found)


@dataclass(frozen=True)
class Host:
    """What is asked for, and what there is. Nothing is written on a dry run."""

    params: Mapping[str, Any]
    path: str
    releases: Releases
    record: Record | None
    dry: bool
    run: Run

    def keep(self, record: Record) -> Outcome:
        """Have this record."""
        changed = record != self.record
        if changed and not self.dry:
            write_record(self.path, record)
        return record, {"changed": changed}


Outcome = tuple[Optional[Record], dict[str, Any]]
"""The record then, and what else there is to tell."""


def begin(host: Host) -> Outcome:
    """Have a record. Raises `RecordError` where there is nothing to go back to."""
    if host.record:
        return host.keep(replace(host.record, version=host.params["version"]))
    params, current = host.params, host.releases.current()
    if current is None or host.releases.record(current) is None:
        raise RecordError(f"{params['dest']} has no release that is current: there is nothing to upgrade, nor to go back to")
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    files = tuple(keep(path) for path in params["files"])
    return host.keep(Record(current, params["version"], now, tuple(params["units"]), files, params["models"]))


def judge(host: Host) -> Outcome:
    """Compare the models with the record. Raises `WorseOff`."""
    before = host.record.models if host.record else {}
    found = losses(before, host.params["models"], host.params["vram_tolerance"])
    if found:
        raise WorseOff(found)
    return host.record, {}


def undo(host: Host) -> Outcome:
    """Record the reason, of which the first stays, and put everything back. Raises `RecordError` where there is no going back."""
    if host.record is None:
        return None, {}
    record = host.record if host.record.failed else replace(host.record, failed=host.params["reason"])
    dummy, kept = host.keep(record)
    restored = restore(host, record)
    return record, {**restored, "changed": kept["changed"] or bool(restored["restored"])}


def restore(host: Host, record: Record) -> dict[str, list[str]]:
    """Put back what is not as it was: the files first, since a server that starts meanwhile must not meet the other release with
    them for longer than need be. Raises `RecordError`."""
    files, previous = differing(record.files), record.previous
    switched = host.releases.current() != previous
    if host.releases.record(previous) is None:
        raise RecordError(f"{host.params['dest']} no longer holds the release {previous} to go back to")
    for file in files if not host.dry else ():
        put_back(file)
    if switched and not host.dry:
        host.releases.switch(previous)
    restored = [file.path for file in files] + ([f"release {previous}"] if switched else [])
    outdated = units_that_run_another(host.run, record.units, host.params["dest"], previous)
    return {"restored": restored, "outdated": outdated}


def finish(host: Host) -> Outcome:
    """Remove the record."""
    if host.record and not host.dry:
        os.unlink(host.path)
    return host.record, {"changed": host.record is not None}


STATES: Mapping[str, Callable[[Host], Outcome]] = {
    "begun": begin,
    "judged": judge,
    "undone": undo,
    "done": finish,
}


def cold_sentence(cold: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Which required models nothing can be compared with."""
    names = [name for models in cold.values() for name in models]
    if names:
        verb = "were" if len(names) > 1 else "was"
        yield f"{' and '.join(names)} {verb} already not loaded before the upgrade; {'they' if len(names) > 1 else 'it'} will not be checked afterwards"


def look(dest: str, run: Run) -> dict[str, Any]:
    """What there is. Raises RecordError, OSError."""
    record = read_record(_path(dest))
    return {"changed": False, "record": record.summary() if record else None, "current": Releases(dest, run).current()}


def _path(dest: str) -> str:
    return os.path.join(dest, "upgrade.json")


def carry_out(params: Mapping[str, Any], run: Run, dry: bool, warn: Callable[[str], None]) -> dict[str, Any]:
    """The module's result. Raises RecordError, WorseOff, OSError."""
    dest = params["dest"]
    path, releases = _path(dest), Releases(dest, run)
    record, told = STATES[params["state"]](Host(params, path, releases, read_record(path), dry, run))
    shown = record.summary() if record else None
    if shown and params["state"] == "begun":
        for sentence in cold_sentence(shown["cold"]):
            warn(sentence)
    return {"changed": False, "restored": [], "outdated": [], **told, "record": shown, "current": releases.current()}
