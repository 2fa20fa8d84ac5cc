# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the agent away, of all servers that are on the host, and gives the models back that it kept in memory."""

from __future__ import annotations

from collections.abc import Callable

from .._base.systemctl import Run
from .._removal.give_back import ReleaseError, give_back, read_kept
from .._removal.steps import Executor, Step
from .._residency.decide.verdicts import Stray
from . import on_host


class Removal:
    """One removal, or its prediction. Each step is decided from the host as the one before has left it."""

    def __init__(self, run: Run, predict: bool, release: str, metrics_directory: str, warn: Callable[[str], None]) -> None:
        self._run, self._predict, self._release_to, self._metrics_directory, self._warn = run, predict, release, metrics_directory, warn
        self._executor = Executor(run)
        self._found = self._look()
        self.left = self._found.left()
        self.steps: list[Step] = []
        self.released: list[Stray] = []

    def carry_out(self) -> None:
        """All of it. Raises RemovalError, ManifestError."""
        self._do(self._look().release_gates())
        self._stop()
        for path in self._found.configurations():
            self._release(path)
        self._do(self._look().remove())
        self._forget()
        self._do(self._look().remove_accounts())
        self._do(self._look().give_back())
        self._do(self._look().forget())

    def _stop(self) -> None:
        """What a unit starts as it ends was not there before, and so is not told."""
        stopped = self._look().stop()
        self._do(stopped)
        if stopped and not self._predict:
            self._executor.carry_out(self._look().stop_started())

    def _forget(self) -> None:
        """All failures, of which those are told that were there before; others are of units that were stopped in the middle of their work."""
        names = [unit.name for unit in self._found.units.units]
        self.steps += self._found.units.forget(names)
        if not self._predict:
            self._executor.carry_out(self._look().units.forget(names))

    def _look(self) -> on_host.FoundAgent:
        return on_host.look(self._run, self._metrics_directory)

    def _do(self, steps: list[Step]) -> None:
        self.steps += [step for step in steps if step not in self.steps]
        if not self._predict:
            self._executor.carry_out(steps)

    def _release(self, path: str) -> None:
        try:
            self.released += give_back(read_kept(path, self._release_to), predict=self._predict)
        except ReleaseError as error:
            self._warn(f"the models of {path} are not given back: {error}")
