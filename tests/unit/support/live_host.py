# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in server, passes over it, and a view of its processes as if they were a systemd unit's."""

from __future__ import annotations

import pathlib
import shutil
from datetime import datetime
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.pace import Pace
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import PassResult
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.execute.warmer import Warmer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import Deadlines, OllamaServer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.observer import Observer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.processes import ServerProcesses, living_runners, server_processes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Observation, Runners
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy

UNIT = "ollama.service"
DEADLINES = Deadlines(connect=5, answer=30, load=60)
PACE = Pace(verify=10, loading=60, look=0.05, repin=0.1)


class LiveHost:
    """`stand_in` is the tests' own hand on the server: what it lists is the judge of every claim."""

    def __init__(self, stand_in: Any, proc: pathlib.Path) -> None:
        self.stand_in = stand_in
        self._proc = proc

    @property
    def url(self) -> str:
        host, port = self.stand_in.caller.address
        return f"http://{host}:{port}"

    def run(
        self,
        policy: Policy,
        *,
        seeing: bool = True,
        history: History | None = None,
        deadlines: Deadlines = DEADLINES,
        pace: Pace = PACE,
    ) -> PassResult:
        """One pass; `seeing`: with the server's processes in sight."""
        observer = self._seeing(policy, deadlines) if seeing else Observer(OllamaServer(self.url, deadlines), policy, None)
        return Warmer(observer, policy, history, pace=pace).run()

    def look(self, policy: Policy) -> Observation:
        """One look without any act."""
        return self._seeing(policy, DEADLINES).look()

    def _seeing(self, policy: Policy, deadlines: Deadlines) -> _Seeing:
        observer = _Seeing(OllamaServer(self.url, deadlines), policy, None)
        observer.host = self
        return observer

    def proc(self) -> str:
        """The real processes of the server, in a /proc in which their control group is a unit's."""
        shutil.rmtree(self._proc, ignore_errors=True)
        _enter(self._proc / "1", "0::/init.scope\n")
        if self.stand_in._process is None:
            return str(self._proc)
        server = self.stand_in._process.pid
        children = pathlib.Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for pid in (str(server), *children):
            _enter(self._proc / pid, f"0::/system.slice/{UNIT}\n")
            for name in ("stat", "cmdline", "environ"):
                (self._proc / pid / name).symlink_to(f"/proc/{pid}/{name}")
        return str(self._proc)


class _Seeing(Observer):
    host: LiveHost

    def _runners(self) -> Runners | None:
        return living_runners(UNIT, self.host.proc())

    def _processes(self) -> ServerProcesses | None:
        return server_processes(UNIT, self.host.proc())


def _enter(home: pathlib.Path, cgroup: str) -> None:
    home.mkdir(parents=True)
    (home / "cgroup").write_text(cgroup)


def left(live: LiveHost) -> dict[str, str]:
    """How long each listed model stays, by the server's own clock: `forever`, or whole minutes."""
    answer = live.stand_in.caller.send("GET", "/api/ps")
    found = {}
    for entry in answer.result["json"]["models"]:
        seconds = datetime.fromisoformat(entry["expires_at"][:19] + "+00:00").timestamp() - answer.now
        found[entry["name"].partition(":")[0]] = "forever" if seconds > 20 * 365 * 86400 else f"{round(seconds / 60)}m"
    return found


def contexts(live: LiveHost) -> dict[str, int]:
    """The context of each listed model, in tokens."""
    return {name: entry["context_length"] for name, entry in live.stand_in.residents().items()}


def actions(result: PassResult) -> dict[str, str]:
    """What the pass did to each declared model."""
    return {progress.model.declared: progress.action for progress in result.models}
