# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared otherwise takes effect once, by the play that declares it, and no client is blamed for it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from shared.gpu import SERVER, SHARED, Gpu
from shared.machine import Outcome, play

CHANGED = [{"name": "tiny-a"}, {"name": "embed", "num_ctx": 128}, {"name": "big", "policy": "warm", "keep_alive": "3h"}]
ANNOUNCED = ("num_ctx of embed changes from 256 to 128", "keep_alive of big changes from 40m to 3h")


def site(*options: str, **variables: object) -> Outcome:
    inventories = [SHARED / "inventory.yml", SHARED.parent / "lifecycle/inventory.yml"]
    extra = f"--extra-vars={json.dumps(variables)}"
    outcome = play("site", inventories, extra, *options, ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    assert outcome.status == 0, outcome.output
    return outcome


def context(gpu: Gpu) -> object:
    return gpu.listed()["embed:latest"]["context_length"]


def left(gpu: Gpu) -> timedelta:
    """How long big stays."""
    now = datetime.now(timezone.utc)
    expiry = gpu.listed()["big:latest"]["expires_at"]
    return datetime.strptime(expiry[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc) - now


def test_a_changed_declaration_takes_effect_once_and_is_announced(gpu: Gpu) -> None:
    gpu.ask("big", "40m")
    assert context(gpu) == 256
    cursor = gpu.cursor()
    expected = site("--check", ollama_warmup_models=CHANGED)
    assert all(sentence in expected.output for sentence in ANNOUNCED)
    assert context(gpu) == 256
    done = site(ollama_warmup_models=CHANGED)
    assert all(sentence in done.output for sentence in ANNOUNCED)
    assert context(gpu) == 128
    assert left(gpu) > timedelta(hours=2)
    assert "client" not in gpu.journal(cursor)


def test_a_restart_by_the_same_play_ends_with_what_is_declared_now(gpu: Gpu) -> None:
    """It is loaded with the agent's former configuration first."""
    before = gpu.show(SERVER, "MainPID")
    environment = {"OLLAMA_STUB_CONTROL": "/var/lib/ollama-stub/door", "OLLAMA_MAX_QUEUE": "99"}
    cursor = gpu.cursor()
    site(ollama_server_environment=environment)
    assert gpu.show(SERVER, "MainPID") != before
    assert context(gpu) == 256
    assert "client" not in gpu.journal(cursor)
    site()
    assert site().changed == []
