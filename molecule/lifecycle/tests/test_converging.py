# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play goes by what systemd has loaded and runs, whatever an earlier one left behind."""

from __future__ import annotations

import json

from shared.gpu import PASS, SERVER, SHARED, TIMER, Gpu, eventually
from shared.machine import Outcome, play

FILE = f"/etc/systemd/system/{TIMER}"


def site(**variables: object) -> Outcome:
    inventories = [SHARED / "inventory.yml", SHARED.parent / "lifecycle/inventory.yml"]
    outcome = play("site", inventories, f"--extra-vars={json.dumps(variables)}", ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    assert outcome.status == 0, outcome.output
    return outcome


def test_nothing_of_a_boot_is_ordered_after_a_pass(gpu: Gpu) -> None:
    before = gpu.show(PASS, "Before")[0].split()
    assert set(before) <= {"ollama-warm.target", "ollama-cold.target", "shutdown.target"}
    assert PASS not in gpu.run("systemctl list-dependencies --after --all --plain multi-user.target default.target timers.target").split()


def test_units_that_were_written_and_never_read_are_read_by_the_next_play(gpu: Gpu) -> None:
    """As a play leaves them that was killed in between."""
    gpu.run(f"sed --in-place=.wanted 's/^OnUnitInactiveSec=.*/OnUnitInactiveSec=7min/' {FILE} && systemctl daemon-reload && systemctl restart {TIMER}")
    gpu.run(f"mv {FILE}.wanted {FILE} && touch {FILE}")  # systemd looks for files that are newer than what it has loaded
    assert gpu.show(TIMER, "NeedDaemonReload") == ["yes"]
    before = gpu.show(TIMER, "InactiveExitTimestampMonotonic")
    outcome = site()
    assert outcome.changed != []
    assert gpu.show(TIMER, "NeedDaemonReload", "ActiveState") == ["no", "active"]
    assert "OnUnitInactiveUSec=2s" in gpu.run(f"systemctl show --property=TimersMonotonic {TIMER}")
    assert gpu.show(TIMER, "InactiveExitTimestampMonotonic") != before
    assert site().changed == []


def test_a_pass_of_a_former_configuration_ends_with_the_play_that_changes_it(gpu: Gpu) -> None:
    """It would wait for minutes for a server that does not answer, with the former settings."""
    gpu.run(f"systemctl kill --signal=STOP --kill-whom=main {SERVER}")
    eventually(lambda: gpu.show(PASS, "ActiveState"), ["activating"])
    before = gpu.show(PASS, "InvocationID")
    gpu.play(ollama_warmup_slow_load_seconds=77)
    eventually(lambda: gpu.show(PASS, "InvocationID") != before)
    gpu.run(f"systemctl kill --signal=CONT --kill-whom=main {SERVER}")
    eventually(gpu.is_warm)


def test_a_server_on_an_address_of_the_host_is_looked_after_as_one_on_loopback_is(gpu: Gpu) -> None:
    address = gpu.run("hostname --all-ip-addresses").split()[0] + ":11500"
    site(ollama_server_host=address)
    answer = json.loads(gpu.run(f"curl --fail --silent http://{address}/api/ps"))
    assert {model["name"] for model in answer["models"]} >= {"tiny-a:latest", "embed:latest"}
    assert f'"url": "http://{address}"' in gpu.run("cat /etc/ollama-warmup/default.json")
    eventually(lambda: gpu.targets() == ["active", "inactive"])
    gpu.run(f"systemctl stop {TIMER} && pkill --signal=KILL --full '[l]lama-server --model'")
    # With no time to wait, for the pass that it asks for may heal within a second.
    assert gpu.exits("check", "status", "wait --timeout=0") == {"check": 1, "status": 1, "wait --timeout=0": 1}
    gpu.host.run(f"systemctl start {PASS}")
    eventually(lambda: gpu.host.run("ollama-warmup check").rc, 0)
    gpu.run(f"systemctl stop {SERVER}")
    assert gpu.host.run("ollama-warmup check").rc == 4
    site(ollama_server_start=True)
    eventually(gpu.is_warm)
