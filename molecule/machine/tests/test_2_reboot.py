# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real reboot, in the middle of a pass."""

from __future__ import annotations

from conftest import Virtual, patiently
from shared.gpu import PASS


def test_a_machine_that_is_rebooted_in_mid_pass_is_warm_again_and_systemd_had_no_trouble_with_that(gpu: Virtual) -> None:
    gpu.door("load", "model=tiny-a", "count=1", "seconds=3600")
    gpu.ask("tiny-a", "0s")
    patiently(lambda: "tiny-a:latest" not in gpu.listed() and gpu.show(PASS, "ActiveState") == ["activating"] and bool(gpu.runner("tiny-a")))
    gpu.reboot()
    patiently(gpu.is_warm)
    lines = gpu.run("journalctl --quiet --boot=-1 --priority=warning --output=cat _PID=1").splitlines()
    assert [line for line in lines if "ollama" in line] == []
