# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After site.yml the declared models are resident as declared, and will be kept so."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from shared.gpu import Gpu

FOR_EVER = "2300"
PINS = ["tiny-a:latest", "embed:latest", "big:latest"]


def test_the_declared_models_are_resident_and_no_other(resident: Any) -> None:
    assert sorted(resident()) == sorted([*PINS, "tiny-b:latest"])


@pytest.mark.parametrize("name", PINS)
def test_a_pin_is_resident_for_ever(resident: Any, name: str) -> None:
    assert resident()[name]["expires_at"][:4] > FOR_EVER


def test_a_warm_model_has_its_own_keep_alive(host: Any, resident: Any) -> None:
    """Counted from its load; the server's own would be 45 minutes."""
    loaded = f"date --iso-8601=seconds --date=\"$(ps -o lstart= -p {Gpu(host).runner('tiny-b')})\""
    since = datetime.datetime.fromisoformat(host.check_output(loaded))
    expiry = datetime.datetime.fromisoformat(resident()["tiny-b:latest"]["expires_at"])
    assert datetime.timedelta(minutes=39, seconds=58) < expiry - since < datetime.timedelta(minutes=44)


def test_a_declared_context_is_the_resident_one(resident: Any) -> None:
    assert resident()["embed:latest"]["context_length"] == 256


def test_undeclared_models_get_the_servers_keep_alive(host: Any, unit: Any) -> None:
    pid = unit("ollama.service", "MainPID")["MainPID"]
    assert b"OLLAMA_KEEP_ALIVE=2700s" in host.file(f"/proc/{pid}/environ").content.split(b"\0")


def test_the_vendors_unit_is_as_it_was(host: Any) -> None:
    assert host.file("/etc/systemd/system/ollama.service").content_string.startswith("[Unit]\nDescription=Ollama Service\n")


def test_the_host_reaches_the_warm_target(host: Any) -> None:
    assert host.service("ollama-warm.target").is_running


def test_the_timer_runs_and_survives_a_reboot(host: Any) -> None:
    timer = host.service("ollama-warmup.timer")
    assert (timer.is_running, timer.is_enabled) == (True, True)


def test_a_start_of_the_server_starts_a_pass(host: Any, unit: Any) -> None:
    assert host.service("ollama-warmup.service").is_enabled
    assert "ollama-warmup.service" in unit("ollama.service", "Wants")["Wants"].split()


def test_no_unit_failed(host: Any) -> None:
    assert host.check_output("systemctl list-units --failed --plain --no-legend") == ""


def test_the_agent_says_so_too(host: Any) -> None:
    status = host.run("ollama-warmup status --json")
    assert status.rc == 0
    models = json.loads(status.stdout)["models"]
    assert {model["name"]: model["resident"] for model in models} == dict.fromkeys(["Tiny-A", "embed", "big", "tiny-b:latest"], True)


@pytest.mark.parametrize("name", ["tiny-a:latest", "embed:latest"])
def test_the_agent_has_measured_what_the_server_lists(host: Any, resident: Any, name: str) -> None:
    file = host.file("/var/lib/ollama-warmup/default/measurements.json")
    (measured,) = (found for found in json.loads(file.content_string)["measurements"] if found["name"] == name)
    listed = resident()[name]
    keys = ("name", "digest", "context_length", "size", "size_vram")
    assert [measured[key] for key in keys] == [listed[key] for key in keys]
    assert (measured["num_parallel"], measured["kv_cache_type"], measured["flash_attention"]) == (1, "f16", "auto")
    assert (file.user, file.mode) == ("ollama-warmup", 0o644)
