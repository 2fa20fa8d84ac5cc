# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries plans out on this host, and has systemd itself judge the files before one of them counts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

from .._base.deployments import QUADLET, SYSTEMD, deployment_of
from .._base.files import replace_file
from .._base.layout import QUADLETS, UNITS, below
from .._base.scratch import scratch_folder
from .._base.systemctl import RunWith
from .._systemd.quadlet import quadlet_service
from .._systemd.unit_file import UnitFile
from .._systemd.verify import complaints
from .found import MODE, UnitsError
from .plan import TARGET, FilePlan, RunPlan
from .wanted import WantedSet, WantedUnit

_NOT_LOADED = 5  # systemctl(1)


def verify(wanted: WantedSet, write: Sequence[str], run: RunWith) -> None:
    """What systemd says of the units that are to be written, beside all others of the set. Raises `UnitsError`."""
    units = {unit.path: unit for unit in wanted.units if unit.content is not None}
    judged = [units[path] for path in write if path in units and deployment_of(path) is SYSTEMD]
    _verify_containers([units[path] for path in write if path in units and deployment_of(path) is QUADLET], run)
    if not judged:
        return
    with scratch_folder() as folder:
        for unit in (unit for unit in units.values() if deployment_of(unit.path) is SYSTEMD):
            with open(os.path.join(folder, _instance(unit.name)), "w", encoding="utf-8") as file:
                file.write(unit.content or "")
        paths = [os.path.join(folder, _instance(unit.name)) for unit in judged]
        found = complaints(lambda command, environment: run(command, environ_update=environment), folder, paths)
    if found:
        said = "; ".join(line.replace(f"{folder}/", "") for line in found)
        raise UnitsError(f"systemd does not accept the units: {said}")


def _verify_containers(units: Sequence[WantedUnit], run: RunWith) -> None:
    """What Podman, and then systemd, says of each of its units. Raises `UnitsError`."""

    def judge(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        return run(command, environ_update=environment)

    for unit in units:
        with scratch_folder() as folder:
            found, _text = quadlet_service(judge, folder, unit.service, [UnitFile(unit.path, unit.content or "")])
        if found:
            raise UnitsError(f"Podman does not accept {unit.name}: {'; '.join(found)}")


def _instance(name: str) -> str:
    """A template is judged by an instance of it."""
    return name.replace("@.", "@verify.")


class Executor:
    """On the host whose top is `root`."""

    def __init__(self, run: RunWith, root: str = "/") -> None:
        self._run, self._root = run, root

    def files(self, plan: FilePlan, contents: Mapping[str, str]) -> None:
        """Raises `UnitsError`, `OSError`. A run that is killed at any point leaves a state from which the next goes on."""
        # Targets after all else has ended: stopped with a service, one would be started anew as that ends.
        for names in ([name for name in plan.stop if not name.endswith(TARGET)], [name for name in plan.stop if name.endswith(TARGET)]):
            if names:
                self._systemctl("stop", *names)
        for path in plan.unlink:
            self._remove(path)
        for path in plan.write:
            self._write(path, contents[path])
        for path in plan.remove:
            self._remove(path)
        if plan.reload:
            self._systemctl("daemon-reload")
        for name in plan.end:  # what waited for it was let go by that; it may be over by now
            self._systemctl("stop", name, gone=_NOT_LOADED)

    def run(self, plan: RunPlan) -> None:
        """Raises `UnitsError`."""
        for name in plan.enable:
            self._systemctl("reenable", name)
        if plan.stop:
            self._systemctl("stop", *plan.stop)
        for name in plan.restart:
            self._systemctl("restart", name)
        for name in plan.start:
            self._systemctl("start", name)

    def _write(self, path: str, content: str) -> None:
        real = below(self._root, path)
        os.makedirs(os.path.dirname(real), mode=0o755, exist_ok=True)
        replace_file(real, content.encode("utf-8", "surrogateescape"), mode=MODE)

    def _remove(self, path: str) -> None:
        real = below(self._root, path)
        with suppress(FileNotFoundError):
            os.unlink(real)
        if os.path.dirname(path) not in (UNITS, QUADLETS):
            with suppress(OSError):  # others have something there
                os.rmdir(os.path.dirname(real))

    def _systemctl(self, *words: str, gone: int = 0) -> None:
        status, output, error = self._run(["systemctl", words[0], *(["--"] if words[1:] else []), *words[1:]])
        if status not in (0, gone):
            raise UnitsError(f"systemctl {' '.join(words)} failed: {' '.join((output + error).split())}")
