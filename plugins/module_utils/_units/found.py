# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is: files on disk, and what the manager has loaded and runs. Looks only."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Callable

from .._base import systemctl
from .._base.files import read_bytes
from .._base.folders import open_regular
from .._base.layout import UNITS, below, names_in
from .._base.systemctl import Run
from .._ownership.marks import is_marked
from .._systemd.quadlet import is_behind, is_generated_from
from .wanted import WantedSet

_PROPERTIES = (
    "Id", "Names", "LoadState", "ActiveState", "SubState", "FragmentPath", "SourcePath", "DropInPaths", "NeedDaemonReload", "RefuseManualStop",
    "InactiveExitTimestampMonotonic",
)  # fmt: skip
_LINKED_FROM = re.compile(r"\.(wants|requires|upholds)$")
_LIMIT = 1 << 20  # bytes
MODE = 0o644


class UnitsError(Exception):
    """The set cannot be looked at or brought about; the message is one sentence."""


@dataclass(frozen=True)
class LoadedUnit:
    """A unit as the manager has it. `since`: when it last left the state inactive, in seconds of the monotonic clock. `generated`: the file
    that the manager has of a unit of Podman's, whose own file is `fragment`."""

    name: str
    load_state: str = "not-found"
    active_state: str = "inactive"
    sub_state: str = "dead"
    fragment: str = ""
    dropins: tuple[str, ...] = ()
    stale: bool = False
    refuses_stop: bool = False
    since: float = 0.0
    generated: str = ""

    @property
    def runs(self) -> bool:
        """Whether there is something to stop."""
        return self.active_state not in ("inactive", "failed")


@dataclass(frozen=True)
class Found:
    """The host as it is. `files`: the content of those of ours that there are. `links`: to a unit of the set, from folders that start it.
    `changed`: when a file was last changed, in seconds of the monotonic clock. `altered`: those whose owner or permissions are not ours."""

    files: Mapping[str, str]
    links: frozenset[str]
    units: Mapping[str, LoadedUnit]
    changed: Mapping[str, float] = field(default_factory=dict)
    on_disk: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    altered: frozenset[str] = frozenset()


def look(wanted: WantedSet, mark: str, run: Run, root: str = "/", aside: Collection[str] = ()) -> Found:
    """The set as it is, without what is to be aside by the time. Raises `UnitsError`, also where others made one of its files."""
    paths = {*wanted.contents(), *(unit.path for unit in wanted.units), *_dropins_named(wanted.dropin_name, mark, root)} - set(aside)
    unmarked, replaced = {file.path for file in wanted.files}, {unit.path for unit in wanted.units if unit.replaces}
    texts = {path: _own_text(path, mark, path in wanted.contents(), root) for path in sorted(paths - unmarked - replaced)}
    texts.update({path: _text(path, root, read_bytes if path in unmarked else read_replaced) for path in sorted(unmarked | replaced)})
    files = {path: text for path, text in texts.items() if text is not None}
    units = loaded_units(run, wanted.asked())
    links = frozenset(_links({unit.name for unit in wanted.units}, root))
    altered = frozenset(path for path in files if _is_altered(below(root, path)))
    return Found(files, links, units, _changes(wanted, units, root), _on_disk(wanted, root), altered)


def is_linked(path: str) -> bool:
    """Whether it is a link as `systemctl link` makes it. One to a unit of another name is an alias: the other unit would serve on."""
    return os.path.islink(path) and os.path.isfile(path) and os.path.basename(os.readlink(path)) == os.path.basename(path)


def read_replaced(path: str, limit: int) -> bytes:
    """A unit file of others whose place is taken, through a link that only root can have made. Raises `OSError`."""
    if not is_linked(path):
        return read_bytes(path, limit)
    with open_regular(path) as file:
        return file.read(limit)


def loaded_units(run: Run, names: Sequence[str]) -> dict[str, LoadedUnit]:
    """By the names that were asked for. Raises `UnitsError`."""
    if not names:  # systemctl would tell of the manager itself
        return {}
    try:
        blocks = systemctl.ask_all(run, _PROPERTIES, names)
    except systemctl.SystemctlError as error:
        raise UnitsError(str(error)) from error
    found = {name: unit for block in blocks for name in (block.get("Names") or block["Id"]).split() for unit in [_loaded_unit(block)]}
    return {name: _with_podman(run, found.get(name, LoadedUnit(name))) for name in names}


def _with_podman(run: Run, unit: LoadedUnit) -> LoadedUnit:
    """The manager does not notice what becomes of the drop-ins of a unit of Podman's."""
    return replace(unit, stale=unit.stale or is_behind(run, unit.name, _loaded_text(unit.generated))) if unit.generated else unit


def _loaded_text(path: str) -> str:
    try:
        return read_bytes(path, _LIMIT).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _loaded_unit(block: Mapping[str, str]) -> LoadedUnit:
    fragment, source = block.get("FragmentPath", ""), block.get("SourcePath", "")
    is_generated = is_generated_from(fragment, source)
    return LoadedUnit(
        name=block["Id"],
        load_state=block.get("LoadState", ""),
        active_state=block.get("ActiveState", ""),
        sub_state=block.get("SubState", ""),
        fragment=source if is_generated else fragment,
        generated=fragment if is_generated else "",
        dropins=tuple(block.get("DropInPaths", "").split()),
        stale=block.get("NeedDaemonReload") == "yes",
        refuses_stop=block.get("RefuseManualStop") == "yes",
        since=int(block.get("InactiveExitTimestampMonotonic") or 0) / 1e6,
    )


def _own_text(path: str, mark: str, is_wanted: bool, root: str) -> str | None:
    """What of ours is there. Others' is left where nothing of ours is wanted."""
    try:
        content = read_bytes(below(root, path), _LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        if is_wanted:
            raise UnitsError(f"{path} is not a file of ours ({error.strerror}): move it away") from error
        return None
    if is_marked(path, content, mark):
        return content.decode("utf-8", "surrogateescape")
    if is_wanted:
        raise UnitsError(f"{path} was not made by {mark}: move it away")
    return None


def _text(path: str, root: str, read: Callable[[str, int], bytes]) -> str | None:
    """Of a file whose folder tells that it is ours, or whose place is taken."""
    try:
        return read(below(root, path), _LIMIT).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnitsError(f"{path} is not a file of ours ({error.strerror}): move it away") from error


def _is_altered(path: str) -> bool:
    found = os.lstat(path)
    return (found.st_uid, found.st_gid, found.st_mode & 0o7777) != (os.geteuid(), os.getegid(), MODE)


def _dropins_named(name: str, mark: str, root: str) -> list[str]:
    """Those of ours, whatever they are on."""
    folders = [entry for entry in names_in(UNITS, root) if entry.endswith(".d")] if name else []
    paths = (f"{UNITS}/{folder}/{name}" for folder in folders)
    return [path for path in paths if _own_text(path, mark, False, root) is not None]


def _links(names: set[str], root: str) -> Iterable[str]:
    folders = [entry for entry in names_in(UNITS, root) if _LINKED_FROM.search(entry)]
    paths = (f"{UNITS}/{folder}/{name}" for folder in folders for name in sorted(names))
    return [path for path in paths if os.path.islink(below(root, path))]


def _on_disk(wanted: WantedSet, root: str) -> dict[str, tuple[str, ...]]:
    """The administrator's drop-ins of each unit; up to systemd 256 the manager does not notice a first one (its issue 31752)."""
    folders = {name: f"{UNITS}/{name}.d" for name in wanted.asked()}
    paths = {name: [f"{folder}/{file}" for file in names_in(folder, root) if file.endswith(".conf")] for name, folder in folders.items()}
    return {name: tuple(path for path in found if _counts(below(root, path))) for name, found in paths.items()}


def _counts(path: str) -> bool:
    """An empty drop-in, or a link to /dev/null, takes one of that name away, and is never loaded."""
    try:
        return os.path.getsize(path) > 0
    except OSError:
        return False


def _changes(wanted: WantedSet, units: Mapping[str, LoadedUnit], root: str) -> dict[str, float]:
    """A file of the future tells nothing: somebody has set the clock back."""
    paths = {path for unit in wanted.units for path in (unit.path, *unit.follows)} | {path for unit in units.values() for path in unit.dropins}
    now, monotonic = time.time(), time.monotonic()
    times = {path: _ctime(below(root, path)) for path in paths}
    return {path: monotonic - (now - changed) for path, changed in times.items() if changed is not None and changed <= now}


def _ctime(path: str) -> float | None:
    try:
        return os.lstat(path).st_ctime
    except OSError:
        return None
