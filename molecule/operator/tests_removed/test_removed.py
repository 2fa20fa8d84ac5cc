# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of the restarts when nobody wants them any more: nothing, and the rest goes on."""

from __future__ import annotations

import pytest
from shared.gpu import PASS, TIMER, Gpu, eventually


@pytest.mark.parametrize("kind", ["path", "service"])
def test_its_units_are_gone(host: object, kind: str) -> None:
    assert Gpu(host).show(f"ollama-warmup-restart.{kind}", "LoadState", "ActiveState", "UnitFileState") == ["not-found", "inactive", ""]


def test_no_file_of_it_is_left(host: object) -> None:
    assert Gpu(host).run("find /etc/systemd /run/systemd/system /run/ollama-warmup -name '*restart*'") == ""


def test_the_agent_asks_no_more(host: object) -> None:
    gpu = Gpu(host)
    gpu.run(f"systemctl stop {TIMER} && systemctl start {PASS}")
    eventually(gpu.is_warm)
    gpu.door("hardware", "gpu_share=0")
    for dummy in range(3):
        gpu.run(f"systemctl start {PASS}")
    assert not gpu.host.file("/run/ollama-warmup/default/restart").exists
