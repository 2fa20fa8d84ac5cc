# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes away what the role ollama_server put on a host, in its two parts, and tells the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._base.systemctl import Run
from .server import look_at_files, look_at_settings
from .steps import Executor, Step, removal_diff


def remove_settings(run: Run, predict: bool, root: str = "/") -> dict[str, Any]:
    """Drop-ins and units. Raises `RemovalError`, `ManifestError`."""
    found, executor = look_at_settings(run, root), Executor(run, root)
    ended = [unit.name for unit in found.ended()]
    told = {"kept": found.kept(), "restored": found.restored(), "resumed": found.resumed(), "ended": ended, "folders": found.folders()}
    steps = found.remove()
    if not predict:
        executor.carry_out(steps)
        found = look_at_settings(run, root)
    forgotten = [*found.give_back(), *found.units.forget(ended)]
    if not predict:
        executor.carry_out(forgotten)
    return {**_result([*steps, *forgotten]), **told}


def remove_files(run: Run, releases: str, folders: Sequence[str], purge: bool, predict: bool, root: str = "/") -> dict[str, Any]:
    """What has stopped. Raises `RemovalError`, `ManifestError`."""
    found = look_at_files(releases, folders, purge, root)
    left, steps = found.left(), found.remove()
    if not predict:
        Executor(run, root).carry_out(steps)
    return {**_result(steps), "left": left}


def _result(steps: list[Step]) -> dict[str, Any]:
    return {"changed": bool(steps), "steps": [str(step) for step in steps], "diff": removal_diff(steps)}
