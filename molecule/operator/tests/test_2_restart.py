# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent asks for a restart of the server, and gets it once in the period."""

from __future__ import annotations

import pytest
from conftest import RESTART, Passes
from shared.gpu import PASS, SERVER, TIMER, Gpu, eventually

LISTENER = "ollama-warmup-restart.path"
REQUEST = "/run/ollama-warmup/default/restart"
ASK = f"setpriv --reuid=ollama-warmup --clear-groups touch {REQUEST}"


def start(gpu: Gpu) -> str:
    """Which start of the server."""
    return gpu.show(SERVER, "InvocationID")[0]


def on_gpu(gpu: Gpu) -> bool:
    listed = gpu.listed().get("tiny-a:latest")
    return listed is not None and listed["size_vram"] == listed["size"]


def is_asked_for(gpu: Gpu) -> bool:
    return bool(gpu.host.file(REQUEST).exists)


def test_a_lost_gpu_has_the_server_restarted_once_in_the_period(gpu: Gpu) -> None:
    cursor, before = gpu.cursor(), start(gpu)
    gpu.door("hardware", "gpu_share=0")
    eventually(lambda: start(gpu) != before and on_gpu(gpu) and gpu.is_warm())
    assert 'event=restart_requested reason="tiny-a runs entirely on the CPU' in gpu.journal(cursor)
    assert "at most once in 3000 s" in gpu.journal(cursor, RESTART)
    again = start(gpu)
    gpu.door("hardware", "gpu_share=0")
    eventually(lambda: is_asked_for(gpu))
    Passes(gpu).wait(skipped=False)
    assert start(gpu) == again
    gpu.run(f"systemctl stop {RESTART}")  # the period is over
    eventually(lambda: start(gpu) != again and on_gpu(gpu) and gpu.is_warm())


def test_a_request_is_taken_back_when_the_trouble_is_gone(gpu: Gpu) -> None:
    gpu.run(ASK)
    eventually(lambda: gpu.show(RESTART, "ActiveState"), ["active"])
    eventually(gpu.is_warm)
    before = start(gpu)
    gpu.door("hardware", "gpu_share=0")
    eventually(lambda: is_asked_for(gpu))
    gpu.door("hardware", "gpu_share=1")
    eventually(lambda: not is_asked_for(gpu))
    gpu.run(f"systemctl stop {RESTART}")
    Passes(gpu).wait(skipped=False)
    assert start(gpu) == before


def test_an_agent_gone_mad_has_the_server_restarted_once(calm: Gpu) -> None:
    before = start(calm)
    calm.run(ASK)
    # The pass that the new start begins takes a request back that it sees no reason for: it has to be over.
    eventually(lambda: start(calm) != before and calm.show(RESTART, "ActiveState") == ["active"] and calm.is_warm())
    again = start(calm)
    calm.run(f"for count in $(seq 100); do {ASK}; rm --force {REQUEST}; done; {ASK}")
    sleeper = calm.show(RESTART, "MainPID")[0]
    assert calm.host.run(f"setpriv --reuid=ollama-warmup --clear-groups kill -KILL {sleeper}").rc == 1
    assert [calm.show(unit, "ActiveState", "Result") for unit in (RESTART, LISTENER)] == [["active", "success"]] * 2
    assert (start(calm), is_asked_for(calm)) == (again, True)
    calm.run(f"systemctl stop {RESTART}")
    assert (start(calm), is_asked_for(calm)) == (again, False)  # what was asked for meanwhile is forgotten


def test_a_server_that_an_operator_stopped_is_not_started(calm: Gpu) -> None:
    calm.run(f"systemctl stop {SERVER}")
    calm.run(ASK)
    eventually(lambda: calm.show(RESTART, "ActiveState"), ["active"])
    assert calm.show(SERVER, "ActiveState") == ["inactive"]


def test_on_hold_nothing_is_asked_for(gpu: Gpu) -> None:
    passes = Passes(gpu)
    gpu.run("ollama-warmup hold 2h")
    passes.wait(skipped=True, count=1)
    before = start(gpu)
    gpu.door("hardware", "gpu_share=0")
    passes.wait(skipped=True, count=4)
    assert (start(gpu), is_asked_for(gpu)) == (before, False)
    gpu.door("hardware", "gpu_share=1")


def test_a_server_that_hangs_is_restarted(gpu: Gpu) -> None:
    before = start(gpu)
    gpu.run(f"systemctl kill --signal=STOP --kill-whom=main {SERVER}")
    eventually(lambda: start(gpu) != before and gpu.is_warm())
    assert gpu.show(TIMER, "ActiveState") == ["active"]


@pytest.mark.parametrize("unit", [PASS, RESTART])
def test_systemd_calls_the_exposure_low(gpu: Gpu, unit: str) -> None:
    line = next(line for line in gpu.run(f"systemd-analyze security --no-pager {unit}").splitlines() if "Overall" in line)
    assert float(line.split(":")[1].split()[0]) <= 2.0


def test_root_without_a_capability_is_all_that_it_is(calm: Gpu) -> None:
    before = start(calm)
    calm.run(ASK)
    eventually(lambda: start(calm) != before and calm.show(RESTART, "ActiveState") == ["active"])
    status = calm.run(f"cat /proc/{calm.show(RESTART, 'MainPID')[0]}/status").splitlines()
    seen = dict(line.split(":\t", 1) for line in status)
    assert [seen[key] for key in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")] == ["0" * 16] * 3 + ["1", "2"]
