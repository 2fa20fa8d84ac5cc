# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's OOM killer ends a runner, since the server's unit has a memory limit."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from conftest import Virtual, patiently
from shared.gpu import SERVER

# Takes memory in the server's control group, where nothing is to be killed for it but the one process.
HOG = """
import os, pathlib, sys
group, victim = pathlib.Path(sys.argv[1]), sys.argv[2]
def killed():
    return dict(line.split() for line in (group / 'memory.events').read_text().splitlines())['oom_kill']
pathlib.Path('/proc/self/oom_score_adj').write_text('-1000')
pathlib.Path(f'/proc/{victim}/oom_score_adj').write_text('1000')
(group / 'cgroup.procs').write_text(str(os.getpid()))
before, taken = killed(), []
while killed() == before:
    taken.append(b'x' * 2**20)
"""


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
    limited.run(f"python3 -c {shlex.quote(HOG)} /sys/fs/cgroup{group} {runner}")
    patiently(lambda: limited.is_revived("tiny-a", runner))
    assert limited.show(SERVER, "InvocationID") == server  # OOMPolicy=continue
    told = [line for line in limited.journal(cursor).splitlines() if line.startswith("event=drift_detected")]
    assert [line for line in told if "model=tiny-a:latest" in line and "drift=dead_runner" in line and "cause=oom_killed" in line] == told != []
