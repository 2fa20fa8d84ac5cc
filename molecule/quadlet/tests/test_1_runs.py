# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One play from nothing: the server runs in a container with what was declared, and is a service like any other."""

from __future__ import annotations

from conftest import DROPIN, UNIT, Contained
from shared.gpu import SERVER, TIMER, eventually


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
