# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gated application starts only where its models are resident, by the server's own list, and is never stopped for their sake."""

from __future__ import annotations

from conftest import APPLICATION, GATE, GATE_WANT, PASS, PINS, SERVER, TIMER, URL, Gpu


def test_at_boot_an_application_waits_while_passes_fail_and_starts_after_one_that_does_not(gpu: Gpu) -> None:
    gpu.chill()
    before = len(gpu.starts())
    gpu.reboot()
    gpu.until(f"systemctl is-failed --quiet {PASS}")
    gpu.see_passes(2)
    gpu.until_waiting()
    gpu.until_running("other.service")
    gpu.until_running("batch.service")  # it only wants
    gpu.until_waiting()
    assert len(gpu.starts()) == before
    gpu.heal()
    gpu.until_running()
    assert gpu.starts()[before:] == [PINS]


def test_an_application_survives_whatever_becomes_of_the_server(gpu: Gpu) -> None:
    pid = gpu.pid()
    gpu.run(f"systemctl restart {SERVER}")
    gpu.until_warm()
    gpu.run(f"systemctl stop {SERVER}")
    assert gpu.pid() == pid
    gpu.run(f"systemctl start {SERVER}")
    gpu.run(f"systemctl kill --signal=KILL --kill-whom=main {SERVER}")
    gpu.until_warm()
    gpu.chill()
    gpu.until(f"systemctl is-failed --quiet {PASS}")
    assert (gpu.pid(), gpu.show(APPLICATION, "ActiveState")) == (pid, ["active"])


def test_after_a_crash_on_a_cold_host_an_application_waits_again(gpu: Gpu) -> None:
    before = len(gpu.starts())
    gpu.chill()
    gpu.crash()
    gpu.until_waiting()
    gpu.see_passes(2)
    gpu.until_waiting()
    assert len(gpu.starts()) == before
    gpu.heal()
    gpu.until_running()
    assert gpu.starts()[before:] == [PINS]


def test_a_model_that_left_since_the_last_pass_is_waited_for_and_brought_back(gpu: Gpu) -> None:
    gpu.run(f"systemctl stop {TIMER}")  # what brings it back is the pass that the gate asks for
    gpu.run(f"systemctl start {PASS}")
    before = len(gpu.starts())
    gpu.run(f"""curl --fail --silent {URL}/api/generate --data '{{"model": "tiny-a", "keep_alive": 0}}'""")
    gpu.until(f"! curl --fail --silent {URL}/api/ps | grep -q tiny-a")
    gpu.crash()
    gpu.until_running()
    assert gpu.starts()[before:] == [PINS]


def test_an_application_that_crashes_all_the_time_is_started_all_the_time(gpu: Gpu) -> None:
    for dummy in range(8):  # systemd's own limit is five starts in ten seconds
        gpu.until_running()
        gpu.crash()
    gpu.until_running()


def test_a_gate_whose_program_is_killed_goes_on(gpu: Gpu) -> None:
    gpu.chill()
    before = len(gpu.starts())
    gpu.crash()
    gpu.until_waiting()
    gpu.until("pkill --signal KILL --full '[-]I /usr/local/bin/ollama-warmup --instance default wait'")
    gpu.until_waiting()
    gpu.heal()
    gpu.until_running()
    assert gpu.starts()[before:] == [PINS]


def test_a_gate_cannot_be_stopped_from_under_the_applications(gpu: Gpu) -> None:
    pid = gpu.pid()
    for verb in ("stop", "restart", "try-restart"):
        assert "Operation refused" in gpu.host.run(f"systemctl {verb} {GATE}").stderr
    assert gpu.pid() == pid


def test_an_application_that_only_wants_a_warm_host_waits_for_a_while(gpu: Gpu) -> None:
    gpu.chill()
    before = len(gpu.starts("batch.service"))
    gpu.crash("batch.service")
    gpu.until(f"test $(systemctl show --property=ActiveState --value {GATE_WANT}) = activating")
    gpu.until_running("batch.service")
    assert [models & {"tiny-a:latest"} for models in gpu.starts("batch.service")[before:]] == [set()]
    assert gpu.show(GATE_WANT, "Result", "ExecMainStatus") == ["success", "1"]


def test_an_operator_can_start_an_application_on_a_cold_host(gpu: Gpu) -> None:
    gpu.chill()
    gpu.crash()
    gpu.until_waiting()
    gpu.run(f"systemctl start --job-mode=ignore-dependencies {APPLICATION}")
    gpu.until_running()
