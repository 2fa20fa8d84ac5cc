# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of the restarts when nobody wants them any more: nothing, and the rest goes on."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from shared.gpu import CONFIGURATION, PASS, SHARED, TIMER, Gpu, eventually
from shared.machine import play

INVENTORIES = [SHARED / "inventory.yml", pathlib.Path(__file__).parents[1] / "inventory.yml"]
RESTART = "/etc/systemd/system/ollama-warmup-restart.service"


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


@pytest.fixture
def theirs(host: object) -> Iterator[list[str]]:
    """A restart of the server that somebody made by hand, under the name that is free now; and what is to be left of it."""
    gpu = Gpu(host)
    gpu.run(f"printf '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/true\\n' > {RESTART} && systemctl daemon-reload")
    gpu.run("systemctl start ollama-warmup-restart.service")
    yield seen(gpu)
    gpu.run(f"systemctl stop ollama-warmup-restart.service && rm {RESTART} && systemctl daemon-reload")


def seen(gpu: Gpu) -> list[str]:
    """The file, and which start of it is active; the agent's configuration."""
    return [gpu.run(f"sha256sum {RESTART} {CONFIGURATION}"), *gpu.show("ollama-warmup-restart.service", "ActiveState", "InvocationID")]


def test_one_of_others_is_not_replaced_when_somebody_wants_them_again(host: object, theirs: list[str]) -> None:
    refused = play("site", INVENTORIES, ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    assert (refused.status != 0, refused.changed) == (True, [])
    assert refused.messages["gpu1"].startswith(f"{RESTART} (without the role's mark): not made by the role ollama_warmup, which would")
    assert "set ollama_warmup_takeover to true" in refused.messages["gpu1"]
    assert seen(Gpu(host)) == theirs
