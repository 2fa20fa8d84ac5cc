# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The false-warm matrix on a host: nothing that looks says warm in these states, and after the next pass a plain request is answered without
a load. All states are in C(tests/unit/false_warm), before the stand-in alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from conftest import Host
from shared.gpu import PASS, SERVER, eventually

# With no time to wait, for the pass that it asks for may heal within a second.
LOOKS = ("check", "status", "wait --timeout=0")
PLAIN = json.dumps({"model": "tiny-a", "prompt": "hi", "stream": False})


def killed(gpu: Host) -> None:
    gpu.run(f"kill -KILL {gpu.runner('tiny-a')}")
    eventually(lambda: gpu.runner("tiny-a"), "")


def stopped(gpu: Host) -> None:
    runner = gpu.runner("tiny-a")
    gpu.run(f"kill -STOP {runner}")
    eventually(lambda: gpu.run(f"ps --no-headers --format=state --pid={runner}").strip(), "T")


def unloaded(gpu: Host) -> None:
    gpu.ask("tiny-a", "0s")
    eventually(lambda: "tiny-a:latest" not in gpu.listed())


def replaced(gpu: Host) -> None:
    gpu.run("ollama cp tiny-b tiny-a")


@pytest.fixture
def kept(calm: Host) -> Iterator[Host]:
    """The model is afterwards what it was."""
    calm.run("ollama cp tiny-a kept")
    yield calm
    calm.run(f"ollama cp kept tiny-a && ollama rm kept && systemctl restart {SERVER}")
    eventually(calm.is_warm)


@pytest.mark.parametrize("happens", [unloaded, killed, stopped, replaced])
def test_nothing_says_warm_until_a_request_waits_for_nothing_again(kept: Host, happens: Callable[[Host], None]) -> None:
    assert looks(kept) == dict.fromkeys(LOOKS, True)
    happens(kept)
    assert looks(kept) == dict.fromkeys(LOOKS, False)
    kept.run(f"systemctl start {PASS}")
    assert kept.targets() == ["active", "inactive"]
    assert looks(kept) == dict.fromkeys(LOOKS, True)
    before = kept.loads()
    kept.run(f"curl --fail --silent http://127.0.0.1:11434/api/generate --data '{PLAIN}'")
    assert kept.loads() == before


def looks(gpu: Host) -> dict[str, bool]:
    """Who says warm."""
    return {view: status == 0 for view, status in gpu.exits(*LOOKS).items()}
