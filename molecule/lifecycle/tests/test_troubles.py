# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens to the server or its runners is put right, and an operator's word counts."""

from __future__ import annotations

import json

from shared.gpu import PASS, PINS, SERVER, STATE, TIMER, Gpu, eventually


def slow_pass(gpu: Gpu) -> None:
    """Have a pass in the middle of a load that lasts a minute."""
    gpu.door("load", "model=tiny-a", "count=1", "seconds=60")
    gpu.ask("tiny-a", "0s")
    eventually(lambda: "tiny-a:latest" not in gpu.listed() and bool(gpu.runner("tiny-a")))
    eventually(lambda: gpu.show(PASS, "ActiveState"), ["activating"])


def test_a_client_that_sends_its_own_keep_alive_is_overruled(calm: Gpu) -> None:
    calm.ask("tiny-a", "5m")
    assert "tiny-a:latest" not in calm.pinned()
    calm.run(f"systemctl start {TIMER}")
    eventually(lambda: calm.pinned() >= set(PINS))


def test_a_client_that_unloads_is_overruled(gpu: Gpu) -> None:
    runner = gpu.runner("tiny-a")
    gpu.ask("tiny-a", "0s")
    eventually(lambda: gpu.runner("tiny-a") not in ("", runner) and gpu.is_warm())


def test_a_restarted_server_is_warm_again(gpu: Gpu) -> None:
    gpu.run(f"systemctl restart {SERVER}")
    eventually(gpu.is_warm)
    assert "big:latest" in gpu.listed()


def test_a_restart_in_the_middle_of_a_load_begins_a_new_pass(gpu: Gpu) -> None:
    slow_pass(gpu)
    cursor, before = gpu.cursor(), gpu.show(PASS, "InvocationID")
    gpu.run(f"systemctl restart {SERVER}")
    assert gpu.show(PASS, "InvocationID") != before
    eventually(gpu.is_warm)
    assert "was told to stop" in gpu.journal(cursor)
    assert "Failed" not in gpu.journal(cursor)


def test_a_killed_server_is_warm_again(gpu: Gpu) -> None:
    before = gpu.show(SERVER, "MainPID")
    gpu.run(f"systemctl kill --signal=KILL --kill-whom=main {SERVER}")
    eventually(lambda: gpu.show(SERVER, "MainPID") not in (before, ["0"]) and gpu.is_warm())


def test_a_killed_runner_is_revived(calm: Gpu) -> None:
    before = calm.runner("tiny-a")
    calm.run(f"kill -KILL {before}")
    assert "tiny-a:latest" in calm.pinned()  # the server does not notice
    calm.run(f"systemctl start {TIMER}")
    eventually(lambda: calm.runner("tiny-a") not in ("", before))
    eventually(calm.is_warm)


def test_a_rebooted_host_is_warm_again(gpu: Gpu) -> None:
    gpu.reboot()
    eventually(gpu.is_warm)


def test_a_server_that_an_operator_stopped_stays_stopped(gpu: Gpu) -> None:
    gpu.run(f"systemctl stop {SERVER}")
    skipped: set[str] = set()

    def skips() -> int:
        invocation, result = gpu.show(PASS, "InvocationID", "Result")
        skipped.update([invocation] if result == "exec-condition" else [])
        return len(skipped)

    eventually(lambda: skips() >= 2)
    assert gpu.show(SERVER, "ActiveState") == ["inactive"]
    assert gpu.targets() == ["inactive", "inactive"]
    assert gpu.run("systemctl list-units --failed --plain --no-legend") == ""
    for command in ("run", "status", "check"):
        assert gpu.host.run(f"ollama-warmup {command}").rc == 4
    assert gpu.show(SERVER, "ActiveState") == ["inactive"]
    gpu.run(f"systemctl start {SERVER}")
    eventually(gpu.is_warm)


def test_a_server_that_is_stopped_in_the_middle_of_a_load_is_no_failure(gpu: Gpu) -> None:
    slow_pass(gpu)
    gpu.run(f"systemctl stop {SERVER}")
    assert gpu.targets() == ["inactive", "inactive"]
    assert gpu.run("systemctl list-units --failed --plain --no-legend") == ""


def test_a_pass_that_is_told_to_stop_leaves_its_state_and_no_load(gpu: Gpu) -> None:
    slow_pass(gpu)
    gpu.run("systemctl stop ollama-warmup.timer")
    gpu.run(f"systemctl stop {PASS}")
    assert gpu.show(PASS, "Result", "ExecMainStatus") == ["success", "143"]  # not killed after its five seconds
    state = json.loads(gpu.host.file(STATE).content_string)
    assert (state["last_pass"]["exit"], set(state["pinned"])) == (143, set(PINS))
    assert gpu.run("ls -A /var/lib/ollama-warmup/default").split() == ["lock", "measurements.json", "state.json"]
    eventually(lambda: gpu.runner("tiny-a"), "")


def test_a_state_file_full_of_garbage_is_said_and_replaced(calm: Gpu) -> None:
    cursor = calm.cursor()
    calm.run(f"echo garbage > {STATE}")
    calm.run(f"systemctl start {PASS}")
    calm.run(f"grep -q pinned {STATE}")
    calm.run("journalctl --sync")
    assert calm.journal(cursor).count("event=state_unreadable") == 1
    assert calm.host.file(f"{STATE}.unreadable").content_string == "garbage\n"
    assert calm.is_warm()
    calm.run(f"rm {STATE}.unreadable")


def test_a_model_that_cannot_be_loaded_makes_the_host_cold_and_then_warm_again(gpu: Gpu) -> None:
    gpu.door("load", "model=tiny-a", "count=1000", "failure=no")
    gpu.ask("tiny-a", "0s")
    eventually(gpu.targets, ["inactive", "active"])
    status = gpu.host.run("ollama-warmup status")
    assert status.rc == 1
    assert "not warm: load of tiny-a failed" in status.stdout
    assert "embed:latest" in gpu.pinned()
    gpu.door("clear")
    eventually(gpu.is_warm)
