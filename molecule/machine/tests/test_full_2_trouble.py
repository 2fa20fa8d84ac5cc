# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else can happen to a machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Virtual, patiently
from shared.gpu import TIMER, WATCH

FILLER = "/var/lib/filler"
PROGRAM_LIMIT = 16 * 1024  # KiB


@pytest.fixture
def full(gpu: Virtual) -> Iterator[Virtual]:
    """The host with a disk that has no room for anybody but root."""
    gpu.run(f"fallocate --length $(df --output=avail --block-size=1 / | tail -1) {FILLER}")
    yield gpu
    gpu.run(f"rm --force {FILLER}")


def test_a_killed_runner_is_back_without_a_timer(gpu: Virtual) -> None:
    gpu.run(f"systemctl stop {TIMER}")
    runner = gpu.runner("tiny-a")
    gpu.run(f"kill -KILL {runner}")
    patiently(lambda: gpu.is_revived("tiny-a", runner))


def test_the_watch_is_small(gpu: Virtual) -> None:
    lines = gpu.run(f"cat /proc/$(systemctl show --property=MainPID --value {WATCH})/smaps_rollup").splitlines()
    assert next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) < PROGRAM_LIMIT


def test_a_full_disk_does_not_keep_a_model_out_of_memory(full: Virtual) -> None:
    assert full.host.run("runuser --user ollama -- sh -c 'echo > /var/tmp/proof'").rc != 0
    runner = full.runner("tiny-a")
    full.run(f"kill -KILL {runner}")
    patiently(lambda: full.is_revived("tiny-a", runner))
    full.run(f"rm {FILLER}")
    assert full.look() == {"tiny-a:latest": [], "embed:latest": [], "big:latest": []}
