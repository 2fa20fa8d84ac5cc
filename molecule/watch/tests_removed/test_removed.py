# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of the watch when nobody wants it any more: nothing, and the rest goes on."""

from __future__ import annotations

from shared.gpu import PASS, TIMER, Gpu, eventually

UNIT = "ollama-warmup-watch.service"


def test_its_service_is_gone(host: object) -> None:
    assert Gpu(host).show(UNIT, "LoadState", "ActiveState", "UnitFileState") == ["not-found", "inactive", ""]


def test_no_file_of_it_is_left(host: object) -> None:
    assert Gpu(host).run("find /etc/systemd /run/systemd /run/ollama-warmup -name '*watch*' ! -path '*ask-password*'") == ""


def test_passes_go_on_without_it(host: object) -> None:
    gpu = Gpu(host)
    gpu.run(f"systemctl is-active {TIMER}")
    gpu.run(f"systemctl start {PASS}")
    eventually(gpu.is_warm)
