# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in a container that this collection did not make is proved, watched and healed like one that a unit runs."""

from __future__ import annotations

from conftest import Containers
from shared.gpu import PINS, eventually


def test_its_runners_are_seen(gpu: Containers) -> None:
    """No model is of unknown liveness, and the other container's runner is not taken for one of them."""
    gpu.run("systemctl start ollama-warmup.service")
    assert gpu.drifts() == {pin: [] for pin in PINS}
    assert not gpu.watched() & set(gpu.runners("by-hand"))


def test_a_killed_runner_is_missed_at_once_and_named_a_runner_that_died(gpu: Containers) -> None:
    killed = gpu.runners()[0]
    gpu.run(f"kill -9 {killed}")
    eventually(gpu.is_warm_and_watched)
    assert killed not in gpu.runners()
    incidents = gpu.report()["history"]["incidents"]
    assert [(last["drift"], last["cause"], last["cause_evidence"]) for last in incidents[:1]] == [(["dead_runner"], "runner_died", "observed")]


def test_a_restart_of_the_container_is_followed_without_a_timer(gpu: Containers) -> None:
    """systemd learns nothing of it: the watch sees the server's process end."""
    before = gpu.server()
    gpu.engine("restart", "--time", "1", "ollama")
    eventually(gpu.is_warm_and_watched)
    assert gpu.server() != before
