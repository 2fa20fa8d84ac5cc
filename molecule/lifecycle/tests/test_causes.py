# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal tells why a model had left, and that it is back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from shared.gpu import PASS, SERVER, Gpu, eventually


def shorten(gpu: Gpu) -> None:
    gpu.ask("tiny-a", "5m")


def unload(gpu: Gpu) -> None:
    gpu.ask("tiny-a", "0s")
    eventually(lambda: "tiny-a:latest" not in gpu.listed() and gpu.runner("tiny-a") == "")


def kill(gpu: Gpu) -> None:
    runner = gpu.runner("tiny-a")
    gpu.run(f"kill -KILL {runner}")
    eventually(lambda: gpu.runner("tiny-a"), "")


def restart(gpu: Gpu) -> None:
    gpu.run(f"systemctl restart {SERVER}")


@pytest.mark.parametrize(
    ("happens", "story", "action"),
    [
        (shorten, "drift=expiring cause=client_changed_expiry evidence=observed", "set_expiry"),
        (unload, "drift=not_loaded cause=unloaded_by_client evidence=inferred", "load"),
        (kill, "drift=dead_runner cause=runner_died evidence=observed", "revive"),
        (restart, "drift=not_loaded cause=server_restarted evidence=observed", "load"),
    ],
)
def test_an_incident_is_told_once_with_its_cause_and_its_end(calm: Gpu, happens: Callable[[Gpu], None], story: str, action: str) -> None:
    cursor = calm.cursor()
    happens(calm)
    calm.run(f"systemctl start {PASS}")
    assert calm.is_warm()
    calm.run("journalctl --sync")
    lines = [line for line in calm.journal(cursor).splitlines() if "model=tiny-a:latest" in line]
    drift, cause = story.split()[:2]
    assert lines[0] == f"event=drift_detected model=tiny-a:latest {story}"
    assert lines[1].startswith(f"event=recovered model=tiny-a:latest {drift} {cause} seconds=")
    assert f" action={action}" in lines[1]
    assert len(lines) == 2
    assert "departed: tiny-a:latest" in calm.run("ollama-warmup status")
