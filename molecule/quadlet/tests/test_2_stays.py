# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service in a container does when it is disturbed."""

from __future__ import annotations

from conftest import Contained
from shared.gpu import PINS, SERVER, TIMER, eventually


def test_a_runner_that_was_killed_is_replaced_by_the_watch(gpu: Contained) -> None:
    """The timer could not: it is stopped."""
    gpu.run(f"systemctl stop {TIMER}")
    killed = gpu.runners()[0]
    gpu.run(f"kill -KILL {killed}")
    eventually(lambda: gpu.has_both_runners() and killed not in gpu.runners())


def test_the_doctor_finds_nothing_wrong(gpu: Contained) -> None:
    seen = gpu.host.run("ollama-warmup doctor")
    assert (seen.rc, gpu.pinned()) == (0, set(PINS)), seen.stdout


def test_a_server_that_an_operator_stopped_stays_so_and_is_not_called_warm(gpu: Contained) -> None:
    gpu.run(f"systemctl stop {SERVER}")
    outcome = gpu.site()
    assert (outcome.status != 0, gpu.show(SERVER, "ActiveState")) == (True, ["inactive"]), outcome.output
    assert "ollama.service does not run and is left so, since it is stopped, and had run before" in " ".join(outcome.output.split())
