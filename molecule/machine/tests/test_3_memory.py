# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's OOM killer ends a runner, since the server's unit has a memory limit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Virtual, patiently
from shared.gpu import SERVER


@pytest.fixture
def limited(gpu: Virtual) -> Iterator[Virtual]:
    """The host with a memory limit for its server, with which it is warm."""
    gpu.run(f"systemctl set-property --runtime {SERVER} MemoryMax=300M")
    yield gpu
    gpu.run(f"systemctl set-property --runtime {SERVER} MemoryMax=infinity")


def test_a_runner_that_the_kernel_killed_for_memory_is_back_and_the_agent_says_why_it_went(limited: Virtual) -> None:
    limited.look()  # from now on it knows how often that has happened
    cursor, server, runner = limited.cursor(), limited.show(SERVER, "InvocationID"), limited.runner("tiny-a")
    group = limited.show(SERVER, "ControlGroup")[0]
    limited.starve(f"/sys/fs/cgroup{group}", runner)
    patiently(lambda: limited.is_revived("tiny-a", runner))
    assert limited.show(SERVER, "InvocationID") == server  # OOMPolicy=continue
    told = [line for line in limited.journal(cursor).splitlines() if line.startswith("event=drift_detected")]
    assert [line for line in told if "model=tiny-a:latest" in line and "drift=dead_runner" in line and "cause=oom_killed" in line] == told != []
