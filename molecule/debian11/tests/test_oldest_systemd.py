# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What newer releases of systemd do by directives that this one lacks."""

from __future__ import annotations

from typing import Any

import pytest
from shared.gpu import PASS, PINS, SERVER, Gpu, eventually


@pytest.fixture
def gpu(host: Any) -> Gpu:
    found = Gpu(host)
    eventually(found.is_warm)
    return found


def test_it_is_the_oldest_systemd(gpu: Gpu) -> None:
    assert gpu.run("systemctl --version").split()[1] == "247"


def test_the_host_reaches_the_warm_target(gpu: Gpu) -> None:
    assert set(PINS) <= gpu.pinned()
    assert gpu.targets() == ["active", "inactive"]


def test_systemd_ignores_nothing_of_ours(gpu: Gpu) -> None:
    """Lines that it does not know it tells of in its own journal whenever it reads them."""
    assert gpu.run("journalctl --quiet --output=cat _PID=1 | grep -E 'ollama.*(Unknown|Failed to parse|ignoring)' || true") == ""
    assert gpu.run("systemctl list-units --failed --plain --no-legend") == ""


def test_a_killed_runner_is_revived_and_the_host_warm_again(gpu: Gpu) -> None:
    before = gpu.runner(PINS[0])
    gpu.run(f"kill -9 {before}")
    eventually(lambda: gpu.runner(PINS[0]) not in ("", before) and gpu.is_warm())


def test_a_killed_server_waits_for_its_gpus_and_is_warm_again(gpu: Gpu) -> None:
    wait = gpu.show("ollama-gpu-ready.service", "InvocationID")
    start, passed = gpu.show(SERVER, "InvocationID"), gpu.show(PASS, "InvocationID")
    gpu.run("systemctl kill --signal=KILL ollama.service")
    eventually(lambda: gpu.show(SERVER, "InvocationID") != start and gpu.show(PASS, "InvocationID") != passed and gpu.is_warm())
    assert gpu.show("ollama-gpu-ready.service", "InvocationID") != wait


def test_a_host_that_cannot_be_warm_reaches_the_cold_target_and_leaves_it_again(gpu: Gpu) -> None:
    gpu.run("systemctl stop ollama-warmup.timer ollama-warmup-watch.service")
    gpu.run("ollama stop tiny-a && mv /usr/local/lib/ollama/llama-server /usr/local/lib/ollama/away")
    gpu.run("systemctl start ollama-warmup.service || true")
    eventually(gpu.targets, ["inactive", "active"])
    gpu.run("mv /usr/local/lib/ollama/away /usr/local/lib/ollama/llama-server && systemctl start ollama-warmup.service")
    eventually(gpu.is_warm)
    gpu.run("systemctl start ollama-warmup.timer ollama-warmup-watch.service")


def test_a_server_that_is_stopped_takes_the_warm_target_down(gpu: Gpu) -> None:
    gpu.run("systemctl stop ollama.service")
    eventually(lambda: gpu.show("ollama-warm.target", "ActiveState"), ["inactive"])
    gpu.run("systemctl start ollama.service")
    eventually(gpu.is_warm)


def test_the_doctor_looks_at_such_a_host(gpu: Gpu) -> None:
    found = gpu.host.run("ollama-warmup doctor")
    assert "not looked at" not in found.stdout + found.stderr
    assert "restarted while it" not in found.stdout
