# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that did not start with its machine: nobody has stopped it, so it is missed, and the next play starts it."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from shared.gpu import PASS, SERVER, SHARED, Gpu, eventually
from shared.machine import play

INVENTORIES = [SHARED / "inventory.yml", pathlib.Path(__file__).parents[1] / "inventory.yml"]
CONDITION = f"/etc/systemd/system/{SERVER}.d/zzz-condition.conf"
THERE = "/run/there"


@pytest.fixture(scope="module")
def unstarted(host: object) -> Iterator[Gpu]:
    """The machine after a boot without what its server's start depends on."""
    gpu = Gpu(host)
    gpu.run(f"printf '[Unit]\\nConditionPathExists={THERE}\\n' > {CONDITION}")
    gpu.reboot("--may-fail")
    eventually(lambda: gpu.show(PASS, "Result"), ["exit-code"])
    yield gpu
    gpu.run(f"rm {CONDITION} && systemctl daemon-reload && systemctl start {SERVER}")


def test_the_agent_misses_it_and_names_no_operator(unstarted: Gpu) -> None:
    assert unstarted.show(SERVER, "ActiveState", "UnitFileState", "InactiveExitTimestampMonotonic") == ["inactive", "enabled", "0"]
    assert unstarted.exits("status", "check", "run", "wait --timeout=0") == {"status": 3, "check": 3, "run": 3, "wait --timeout=0": 1}
    assert unstarted.targets() == ["inactive", "active"]
    said = unstarted.host.run("ollama-warmup status").stdout
    assert ("not warm: no Ollama server answers at http://127.0.0.1:11434" in said, "stopped" in said) == (True, False), said


def test_the_play_starts_it_once_it_can(unstarted: Gpu) -> None:
    unstarted.run(f"touch {THERE}")
    outcome = play("site", INVENTORIES, ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    assert outcome.status == 0, outcome.output
    assert "TASK [keepwarm.ollama.ollama_server : Start and enable the server]" in outcome.output
    eventually(unstarted.is_warm)
    assert unstarted.exits("status", "check", "wait --timeout=0") == {"status": 0, "check": 0, "wait --timeout=0": 0}
