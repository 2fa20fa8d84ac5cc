# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left when nobody is to be told any more: nothing, and the rest goes on."""

from __future__ import annotations

import json

import pytest
from shared.gpu import CONFIGURATION, PASS, Gpu, eventually
from shared.machine import reach


@pytest.fixture(params=["gpu1", "gpu2"])
def gpu(request: pytest.FixtureRequest) -> Gpu:
    return Gpu(reach(Gpu(None, request.param).name), request.param)


@pytest.mark.parametrize("unit", ["ollama-warmup-notify.service", "ollama-warmup-notify.path"])
def test_its_units_are_gone(gpu: Gpu, unit: str) -> None:
    assert gpu.show(unit, "LoadState", "ActiveState", "UnitFileState") == ["not-found", "inactive", ""]
    assert "notify" not in "".join(gpu.show(PASS, "Wants"))


def test_no_file_of_it_is_left(gpu: Gpu) -> None:
    assert gpu.run("find /etc /run /var/lib -name '*ollama-warmup-notify*' -o -path '*/ollama-warmup/*' -name '*notify*'") == ""
    assert gpu.run("grep --recursive --files-with-matches hunter2secret /etc /run /var/lib /usr/local || true") == ""


def test_passes_go_on_and_tell_nobody(gpu: Gpu) -> None:
    assert json.loads(gpu.run(f"cat {CONFIGURATION}"))["notify"] is False
    gpu.run("systemctl stop ollama-warmup.timer")
    gpu.ask("tiny-a", "0s")
    gpu.run(f"systemctl start {PASS}")
    eventually(gpu.is_warm)
    gpu.run("test ! -e /var/lib/ollama-warmup/default/notify")
