# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's whole table of units, drop-ins, files and folders, from what is the role's to what is written: one look and one result."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.folders import UnsafePath, require_own
from .._base.systemctl import RunWith
from .._ownership.claiming import Claimed, Paths, claim
from .._ownership.marks import role_mark
from .apply import Done, apply
from .folders import WantedFolder, prepare_folders
from .former import PutBack, copy_units, forget_former, keep_former, put_back, units_to_copy
from .found import Found, UnitsError, look
from .wanted import WantedDropin, WantedSet


@dataclass(frozen=True)
class Table:
    """`claims`: the paths that have to be the role's before anything is written. `proven`, `former`: drop-ins whose unit has run with them,
    and those in whose place the former ones come back."""

    role: str
    wanted: WantedSet
    folders: Sequence[WantedFolder] = ()
    claims: Paths | None = None
    proven: Sequence[WantedDropin] = ()
    former: Sequence[WantedDropin] = ()


@dataclass
class _Outcome:
    """What has come together so far."""

    steps: list[str] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)
    changed: bool = False

    def add(self, steps: Sequence[str], diff: Sequence[dict[str, str]], changed: bool) -> None:
        """One part more."""
        self.steps += steps
        self.diff += diff if changed or steps else []
        self.changed = self.changed or changed


def bring_about(table: Table, run: RunWith, predict: bool, root: str = "/") -> dict[str, Any]:
    """The module's result. Raises UnitsError, UnsafePath, OwnershipError, ManifestError, StateError, OSError."""
    outcome = _Outcome()
    claimed = claim(table.claims, run, predict, root) if table.claims else None
    if claimed:
        outcome.add([], [claimed.diff()], claimed.changed)
    made = prepare_folders(table.folders, predict)
    outcome.add(made, [{"before": "", "after": "".join(f"{change}\n" for change in made)}], bool(made))
    done = _apply(table, run, predict, root, claimed)
    outcome.add(done.steps, done.diff, done.changed)
    returned = _settle_dropins(table, predict, root)
    outcome.add([f"put back {one.path}" for one in returned], [one.diff() for one in returned], bool(returned))
    return {
        "changed": outcome.changed,
        "steps": outcome.steps,
        "diff": outcome.diff,
        "absent": done.absent,
        "taken": list(claimed.taken) if claimed else [],
        "put_back": [one.path for one in returned],
    }


def require_root_only(paths: Iterable[str]) -> None:
    """Raises `UnitsError` for the first that somebody else than root may change, or have lead elsewhere."""
    for path in paths:
        try:
            require_own(path)
        except UnsafePath as error:
            remedy = ": give that to root alone" if error.errno == errno.EPERM else ""  # a link says itself what would be right
            raise UnitsError(f"root is to run {path}, but {error}{remedy}") from error


def _apply(table: Table, run: RunWith, predict: bool, root: str, claimed: Claimed | None) -> Done:
    wanted, mark = table.wanted, role_mark(table.role)
    if not wanted.asked() and not wanted.contents() and not wanted.dropin_name:
        return Done([], [], [], 0, False)
    copies = _copies(wanted, mark, run, root)

    def before_writing(write: Sequence[str], before: Found) -> None:
        copy_units(copies, root)
        keep_former(wanted, write, before, root)

    aside = claimed.taken if claimed else ()
    done = apply(wanted, mark, run, predict, root, aside=aside, before_writing=before_writing)
    kept = [f"keep {path}" for path in copies]
    return Done([*kept, *done.steps], done.absent, done.diff, done.written, done.changed or bool(kept))


def _copies(wanted: WantedSet, mark: str, run: RunWith, root: str) -> list[str]:
    """Only a look that has to be: what it costs is one systemctl."""
    if not any(unit.replaces for unit in wanted.units):
        return []
    return units_to_copy(wanted, mark, look(wanted, mark, run, root), root)


def _settle_dropins(table: Table, predict: bool, root: str) -> list[PutBack]:
    for dropin in table.proven:
        forget_former(dropin, root, predict)
    found = [put_back(dropin, root, predict) for dropin in table.former]
    return [one for one in found if one]
