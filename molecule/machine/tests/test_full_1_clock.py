# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that jumps, and a machine that sleeps: the server's timers go by another clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Virtual, patiently
from shared.gpu import PASS, TIMER, WATCH

AS_DECLARED = {"tiny-a:latest": [], "embed:latest": [], "big:latest": []}


@pytest.fixture
def calm(gpu: Virtual) -> Iterator[Virtual]:
    """The host, warm with all its models, without any pass but those that the test asks for."""
    gpu.ask("big", "40m")
    assert gpu.look() == AS_DECLARED
    gpu.run(f"systemctl stop {TIMER} {WATCH}")
    yield gpu


@pytest.fixture(params=[5, -5])
def jumped(calm: Virtual, request: pytest.FixtureRequest) -> Iterator[Virtual]:
    """The same with a clock that was set by hours, and is put back."""
    calm.run(f"date --set '{request.param:+d} hours'")
    yield calm
    calm.run(f"date --set '{-request.param:+d} hours'")


def test_a_clock_that_jumps_makes_no_model_look_stuck_or_overstaying(jumped: Virtual) -> None:
    runners = {name: jumped.runner(name) for name in ("tiny-a", "embed", "big")}
    assert jumped.look() == AS_DECLARED
    assert {name: jumped.runner(name) for name in runners} == runners
    assert jumped.is_warm()


def test_a_request_after_the_jump_changes_nothing_of_that(jumped: Virtual) -> None:
    jumped.ask("big", "40m")
    assert jumped.look() == AS_DECLARED


def test_a_machine_that_slept_has_a_pass_made_when_it_wakes(calm: Virtual) -> None:
    runner, before = calm.runner("tiny-a"), calm.show(PASS, "InvocationID")
    calm.run(f"kill -KILL {runner}")
    calm.suspend()
    patiently(lambda: calm.show(PASS, "InvocationID") != before and calm.is_revived("tiny-a", runner))
