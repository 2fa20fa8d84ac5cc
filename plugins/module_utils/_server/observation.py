# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's unit as it is on this host, and as it would be with another drop-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from .._base.deployments import SYSTEMD, Deployment
from .._base.systemctl import Run
from .._residency.server.gpus import gpu_names
from .._residency.server.processes import unit_processes
from .._systemd import host
from .._systemd.address import effective_address
from .._systemd.assessment import Assessment, Surroundings, assess, judge_restart, values_of_others
from .._systemd.defaults import LIMIT, effective_limit
from .._systemd.in_container import server_process
from .._systemd.on_disk import read_on_disk
from .._systemd.others import Written
from .._systemd.restart import Restart
from .._systemd.unit_file import UnitFile
from .._systemd.wrapper import ServerProcess, wrapper_of


@dataclass(frozen=True)
class Observation:
    """The unit as it is, what it gives its server now, and what it would give with the planned drop-in."""

    systemd_version: int
    unit: host.Unit
    process: host.Process | None
    folders: list[str]
    around: Surroundings
    files: list[UnitFile]
    planned_files: list[UnitFile]
    dropin: str
    planned: UnitFile | None
    on_disk: UnitFile | None
    effective: Assessment
    predicted: Assessment
    written: list[Written]

    @property
    def url_running(self) -> str | None:
        """Where the running server listens."""
        if self.process is None:
            return None
        return effective_address(self.process.environment.get("OLLAMA_HOST", "")).url

    @property
    def own_keys(self) -> frozenset[str]:
        """The variables of the drop-in, on disk and planned: one that is taken off the list counts once more."""
        return self.effective.own_keys | self.predicted.own_keys

    @property
    def gpus(self) -> int:
        """How many of the host's the server may use."""
        return len(gpu_names("/", self.predicted.values))

    def restart(self, pins: int) -> Restart:
        """In which ways the running server is not what its unit would start; in none when it does not run."""
        if self.process is None:
            return Restart()
        configured = host.read_program(self.unit.executable)
        judged = judge_restart(self.process.environment, self.process.program, configured, self._before, self.predicted)
        return replace(judged, due=(*judged.due, *self._too_few_places(self.process.environment, pins)))

    @property
    def _before(self) -> Assessment:
        """Who empties the drop-in wants all of it gone, defaults included."""
        is_removed = self.planned is not None and not self.planned.text.strip()
        return replace(self.effective, default_keys=frozenset()) if is_removed else self.effective

    def _too_few_places(self, running: Mapping[str, str], pins: int) -> Iterator[str]:
        """Where the limit was declared, that reason is there already."""
        now, then = (effective_limit(values.get(LIMIT), self.gpus) for values in (running, self.predicted.values))
        if now < pins <= then and LIMIT in self.predicted.default_keys:
            yield f"the running server keeps {now} models in memory at most, fewer than the {pins} that are pinned"

    @property
    def wrapper(self) -> str | None:
        """What keeps a drop-in from the server."""
        if self.unit.deployment.in_container:
            return None
        others = [process for process in unit_processes(self.unit.name) if process.pid != self.unit.main_pid] if self.process else []
        read = (host.read_process(process.pid) for process in others if "serve" in process.arguments)
        servers = [ServerProcess(process.arguments, process.environment) for process in read if process]
        main = ServerProcess(self.process.arguments, self.process.environment) if self.process else None
        commands = (host.command_of(self.planned_files), self.unit.command)
        return next(filter(None, (wrapper_of(words, host.read_scripts(words), main, servers) for words in commands)), None)

    def with_dropin(self, content: str) -> Observation:
        """The same with that drop-in in place of what is on disk."""
        planned = UnitFile(self.dropin, content)
        files = host.unit_files(self.unit, self.folders, planned)
        return replace(self, planned=planned, planned_files=files, predicted=assess(files, self.dropin, planned, self.around))


def observe(run: Run, unit_name: str, dropin_name: str, deployment: Deployment = SYSTEMD) -> Observation:
    """Read everything once. `deployment`: of a unit that is not there yet. Raises `HostError`."""
    version = host.systemd_version(run)
    found = read_on_disk(run, unit_name, dropin_name, deployment)
    effective = found.effective
    return Observation(
        systemd_version=version,
        unit=found.unit,
        process=server_process(found.unit, unit_processes),
        folders=found.folders,
        around=found.around,
        files=found.files,
        planned_files=found.files,
        dropin=found.dropin,
        planned=None,
        on_disk=found.own,
        effective=effective,
        predicted=effective,
        written=values_of_others(found.files, found.dropin, found.around),
    )
