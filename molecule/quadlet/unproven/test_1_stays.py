# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service in a container does when it is disturbed. Written, but not run yet, as all of this folder: no scenario runs it."""

from __future__ import annotations

from conftest import Contained
from shared.gpu import PINS, SERVER, eventually


def test_a_runner_that_was_killed_is_replaced(gpu: Contained) -> None:
    """By the watch where it sees the container's processes, else by the next pass."""
    killed = gpu.runners()
    gpu.run(f"kill -KILL {killed[0]}")
    eventually(lambda: gpu.has_both_runners() and killed[0] not in gpu.runners())


def test_a_server_that_an_operator_stopped_stays_so(gpu: Contained) -> None:
    gpu.run(f"systemctl stop {SERVER}")
    outcome = gpu.site()
    assert (outcome.status, gpu.show(SERVER, "ActiveState")) == (0, ["inactive"]), outcome.output
    assert "stopped, and had run before" in outcome.output


def test_the_doctor_finds_nothing_wrong(gpu: Contained) -> None:
    seen = gpu.host.run("ollama-warmup doctor")
    assert (seen.rc, gpu.pinned()) == (0, set(PINS)), seen.stdout
