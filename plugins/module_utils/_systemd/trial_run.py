# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries on this host whether a server could use a folder and an address (`trial.py` judges what was told)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._base import systemctl
from .._base.systemctl import Run
from .._base.text import one_line
from . import trial
from .address import effective_address
from .unit_file import UnitFile


@dataclass(frozen=True)
class Tried:
    """`problems`: a sentence for each that the server could not use. `untried`: why the sandbox could not be tried; then only the rights
    of the user were judged."""

    problems: tuple[str, ...] = ()
    untried: str | None = None


def try_out(run: Run, unit: str, dropin: str, folder: str | None, host: str | None) -> Tried:
    """With the user alone, then with the sandbox, too. `host` is what `OLLAMA_HOST` would be."""
    found = _loaded(run, unit)
    everything = trial.sandbox(found, UnitFile("", dropin), trial.PROPERTIES)
    alone, reason = _probe(run, trial.sandbox(found, None, trial.IDENTITY), folder, host)
    if alone is None:
        return Tried(untried=reason)
    inside, reason = _probe(run, everything, folder, host)
    problems = [trial.address_problem(unit, host, alone if inside is None else inside)] if host else []
    if folder:
        problems.append(trial.folder_problem(unit, found.get("User") or "root", folder, alone, inside, trial.restrictions(everything)))
    return Tried(tuple(problem for problem in problems if problem), reason if inside is None else None)


def _loaded(run: Run, unit: str) -> dict[str, str]:
    """The unit's user and sandbox as systemd has them loaded."""
    _status, output, _error = run(systemctl.command(trial.PROPERTIES, [unit]))
    return systemctl.parse(output)


def _probe(run: Run, properties: Sequence[str], folder: str | None, host: str | None) -> tuple[dict[str, Any] | None, str]:
    """What the probe tells under these properties, or None and why not."""
    address = effective_address(host) if host else None
    listen = (address.host, address.port) if address else None
    status, output, error = run(trial.command(sys.executable, properties, folder, listen))
    return trial.answer(output), one_line(error) or f"exit status {status}"
