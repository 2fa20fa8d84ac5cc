# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One play from nothing: the server runs in a container with what was declared, and is a service like any other."""

from __future__ import annotations

from conftest import Contained
from shared.gpu import PINS, SERVER, TIMER, eventually

UNIT, DROPIN = "/etc/containers/systemd/ollama.container", "/etc/containers/systemd/ollama.container.d/zz-keepwarm.conf"


def test_the_container_has_what_was_declared(gpu: Contained) -> None:
    found = gpu.container()
    assert {"OLLAMA_KEEP_ALIVE=2700s", "OLLAMA_HOST=127.0.0.1:11434", "OLLAMA_MODELS=/srv/models"} <= set(found["environment"])
    assert {"--memory=4g", "--cgroups=disabled", "/srv/models:/srv/models"} <= set(found["command"])
    assert found["command"][-1].startswith("localhost/ollama@sha256:")  # whatever becomes of the tag


def test_its_service_is_made_of_our_unit_and_dropin(gpu: Contained) -> None:
    assert gpu.show(SERVER, "SourcePath", "UnitFileState") == [UNIT, "generated"]
    assert [gpu.host.file(path).contains("(keepwarm.ollama.ollama_server)\\|role keepwarm.ollama.ollama_server") for path in (UNIT, DROPIN)] == [True, True]


def test_a_restart_is_followed_by_a_pass(gpu: Contained) -> None:
    before = gpu.container()["id"]
    gpu.run(f"systemctl stop {TIMER}; systemctl restart {SERVER}")
    eventually(gpu.has_both_runners)
    assert gpu.container()["id"] != before


def test_a_container_that_was_killed_comes_back_warm(gpu: Contained) -> None:
    before = gpu.container()["id"]
    gpu.run(f"systemctl stop {TIMER}; podman kill ollama")
    eventually(lambda: gpu.host.run("podman container inspect ollama").rc == 0 and gpu.container()["id"] != before)
    eventually(gpu.has_both_runners)


def test_a_runner_that_was_killed_is_replaced(gpu: Contained) -> None:
    """By the watch where it sees the container's processes, else by the next pass."""
    killed = gpu.runners()
    gpu.run(f"kill -KILL {killed[0]}")
    eventually(lambda: gpu.has_both_runners() and killed[0] not in gpu.runners())


def test_a_server_that_an_operator_stopped_stays_so(gpu: Contained) -> None:
    gpu.run(f"systemctl stop {SERVER}")
    outcome = gpu.site()
    assert (outcome.status, gpu.show(SERVER, "ActiveState")) == (0, ["inactive"]), outcome.output
    assert "stopped, and had run before" in outcome.output


def test_the_doctor_finds_nothing_wrong(gpu: Contained) -> None:
    seen = gpu.host.run("ollama-warmup doctor")
    assert (seen.rc, gpu.pinned()) == (0, set(PINS)), seen.stdout
