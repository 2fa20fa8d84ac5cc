# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a set of units about, or predicts it, and tells the steps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Callable

from .._base.systemctl import RunWith
from .carry_out import Executor, verify
from .found import Found, look
from .plan import FilePlan, RunPlan, is_behind, plan_files, plan_run
from .wanted import WantedSet


@dataclass(frozen=True)
class Done:
    """absent: units of others that have a drop-in of the set and are not on this host. written: how many files. changed: whether more
    happened than that systemd reads what a server runs with, or will."""

    steps: list[str]
    absent: list[str]
    diff: list[dict[str, str]]
    written: int
    changed: bool


BeforeWriting = Callable[[Sequence[str], Found], None]
"""Given the paths that are going to be written, and what there was."""


def apply(
    wanted: WantedSet,
    mark: str,
    run: RunWith,
    predict: bool,
    root: str = "/",
    pending: Collection[str] = (),
    aside: Collection[str] = (),
    before_writing: BeforeWriting | None = None,
) -> Done:
    """Where this only predicts, pending are files that units follow and that would have been written before, and aside files of others
    that would have been taken over. Raises UnitsError, OSError."""
    before = look(wanted, mark, run, root, aside if predict else ())
    files = plan_files(wanted, before)
    if predict:  # the programs that the units start may not be there, and nothing can be verified then
        planned = plan_run(wanted, before, [*files.write, *pending])
    else:
        verify(wanted, files.write, run)
        if before_writing:
            before_writing(files.write, before)
        executor = Executor(run, root)
        executor.files(files, wanted.contents())
        planned = plan_run(wanted, look(wanted, mark, run, root))
        executor.run(planned)
    steps = steps_of(files, planned)
    return Done(steps, _absent(wanted, before), _diff(wanted, before, files, steps), len(files.write), _is_change(wanted, before, steps))


def _is_change(wanted: WantedSet, before: Found, steps: Sequence[str]) -> bool:
    return any(step != "daemon-reload" for step in steps) or is_behind(wanted, before, wanted.servers())


def steps_of(files: FilePlan, run: RunPlan) -> list[str]:
    """In their order, as an operator would say them."""
    named = [("stop", files.stop), ("unlink", files.unlink), ("write", files.write), ("remove", files.remove)]
    named += [("daemon-reload", ("",) if files.reload else ()), ("stop", files.end)]
    named += [("enable", run.enable), ("stop", run.stop), ("restart", run.restart), ("start", run.start)]
    return [f"{kind} {subject}".rstrip() for kind, subjects in named for subject in subjects]


def _absent(wanted: WantedSet, found: Found) -> list[str]:
    """Units of others that are to wait whenever they come."""
    names = (dropin.unit for dropin in wanted.dropins)
    return [name for name in names if name in found.units and found.units[name].load_state == "not-found"]


def _diff(wanted: WantedSet, found: Found, files: FilePlan, steps: list[str]) -> list[dict[str, str]]:
    """Of each file, and of what is done to units without a change of a file."""
    contents = wanted.contents()
    shown = [
        {"before_header": path, "after_header": path, "before": found.files.get(path, ""), "after": contents.get(path, "")}
        for path in (*files.write, *files.remove)
    ]
    acts = [step for step in steps if not step.startswith(("write ", "remove ", "unlink "))]
    return [*shown, *([{"before": "", "after": "".join(f"{act}\n" for act in acts)}] if acts else [])]
