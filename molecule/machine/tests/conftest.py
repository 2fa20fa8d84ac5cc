# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a kernel of its own, warm and watched. Emulated, so that a look costs it a second: few looks, and all the time it takes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from shared.gpu import HOSTS, PASS, SERVER, STATE, TIMER, WATCH, Gpu

PATIENCE = 1200  # seconds; only a failing test waits that long
# Takes memory in a server's control group, where nothing is to be killed for it but the one process: on a machine that is slow to free the memory of
# one, the kernel would kill the next, and the server at last.
HOG = """
import os, pathlib, sys
group, victim = pathlib.Path(sys.argv[1]), sys.argv[2]
def killed():
    return dict(line.split() for line in (group / 'memory.events').read_text().splitlines())['oom_kill']
before, taken = killed(), []
inclined = {pid: pathlib.Path(f'/proc/{pid}/oom_score_adj') for pid in ['self', *(group / 'cgroup.procs').read_text().split()]}
found = {pid: path.read_text() for pid, path in inclined.items()}
for pid, path in inclined.items():
    path.write_text('1000' if pid == victim else '-1000')
(group / 'cgroup.procs').write_text(str(os.getpid()))
while killed() == before:
    taken.append(b'x' * 2**20)
for pid, path in inclined.items():
    if path.exists() and pid != victim:
        path.write_text(found[pid])
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes and shows nothing that changes from day to day, unless all is asked for."""
    if not os.environ.get("FULL"):
        full = [item for item in items if item.path.name.startswith("test_full_")]
        items[:] = [item for item in items if item not in full]
        config.hook.pytest_deselected(items=full)


def patiently(probe: Callable[[], Any], wanted: Any = True) -> None:
    """Return as soon as the probe gives what is wanted."""
    end = time.monotonic() + PATIENCE
    while (seen := probe()) != wanted:
        assert time.monotonic() < end, f"{seen!r} instead of {wanted!r}, still after {PATIENCE} s"
        time.sleep(1)  # between two looks, not instead of one


class Virtual(Gpu):
    """What only a machine of its own can do."""

    def reboot(self) -> None:
        """A real one."""
        self.order("reboot")

    def suspend(self) -> None:
        """Sleep, and wake up again."""
        self.order("sleep")
        self.order("wake")

    def order(self, verb: str) -> None:
        """What is done to a host from without."""
        done = subprocess.run([sys.executable, str(HOSTS), verb, self.name], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def look(self) -> dict[str, list[str]]:
        """Have a pass made, whose end this waits for, and give the drifts of each model after it."""
        self.run(f"systemctl start {PASS}")
        seen = json.loads(self.run(f"cat {STATE}"))["seen"]
        return {name: entry["drift"] for name, entry in seen.items() if entry["drift"] is not None}

    def starve(self, group: str, victim: str) -> None:
        """Have the kernel kill that process for want of memory in that folder of a control group."""
        self.run(f"python3 -c {shlex.quote(HOG)} {group} {victim}")

    def is_revived(self, model: str, runner: str) -> bool:
        """Whether another runner has taken the place of that one, and all is well."""
        return self.runner(model) not in ("", runner) and self.is_warm()


@pytest.fixture
def gpu(host: Any) -> Virtual:
    """The host, warm, whatever the test before did to it."""
    found = Virtual(host)
    found.run(f"systemctl start {SERVER} {TIMER} {WATCH}")
    patiently(found.is_warm)
    return found
