# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the play left on a host whose control groups are of version 2, as on every current distribution."""

from __future__ import annotations

from conftest import Virtual
from shared.gpu import SERVER


def test_the_control_groups_are_of_version_2(gpu: Virtual) -> None:
    assert gpu.run("stat --file-system --format=%T /sys/fs/cgroup") == "cgroup2fs"


def test_the_server_and_its_runners_are_found_in_their_control_group(gpu: Virtual) -> None:
    processes = gpu.run(f"cat /sys/fs/cgroup$(systemctl show --property=ControlGroup --value {SERVER})/cgroup.procs").split()
    assert {gpu.runner("tiny-a"), gpu.runner("embed"), gpu.runner("big")} < set(processes)
    assert gpu.look() == {"tiny-a:latest": [], "embed:latest": [], "big:latest": []}  # not liveness_unknown


def test_systemd_has_no_complaint_of_a_unit(gpu: Virtual) -> None:
    lines = gpu.run("journalctl --quiet --boot --priority=warning --output=cat _PID=1").splitlines()
    assert [line for line in lines if "ollama" in line] == []
