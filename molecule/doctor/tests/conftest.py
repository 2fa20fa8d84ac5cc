# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with many faults at once, and what the doctor says of it."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import pytest
from shared.machine import Machine, Outcome, play

MOLECULE = pathlib.Path(__file__).parents[2]
INVENTORIES = (MOLECULE / "shared/inventory.yml", MOLECULE / "doctor/inventory.yml")
URL = "http://127.0.0.1:11435"
DOOR = "/usr/local/lib/ollama/ollama-stub-ctl --socket /var/lib/ollama-stub/door"
SECRETS = ("hf-very-secret", "geheim")
READY = f"curl --fail --silent --retry 60 --retry-delay 1 --retry-connrefused {URL}/api/version"
ENVIRONMENT_FILE = """\
OLLAMA_KEEP_ALIVE=5m
OLLAMA_HOST=127.0.0.1:11435
OLLAMA_NUM_PARALLEL=many
HF_TOKEN=hf-very-secret
HTTPS_PROXY=http://me:geheim@proxy.example.org:3128
"""
# A drop-in as people write them: none of its lines sets anything.
BROKEN_DROPIN = """\
[Service]
Environment=\u201cOLLAMA_NOPRUNE=1\u201d
EnvironmentFile=-/etc/ollama.env
OLLAMA_FLASH_ATTENTION=1
"""
# Before the server's start: nobody puts right what is broken now.
BEFORE = (
    "systemctl stop ollama-warmup.timer",
    "ollama-warmup hold 1h --reason 'new GPU'",
    "ollama-warmup drain 1h --reason 'new cables'",
    "OLLAMA_HOST=127.0.0.1:11434 ollama rm embed",
    "echo OLLAMA_KEEP_ALIVE=-1 >> /etc/environment",
    "touch /dev/nvidia0 /dev/nvidiactl /dev/nvidia-uvm",
    f"printf %s '{ENVIRONMENT_FILE}' > /etc/default/ollama",
    "printf '[Service]\nEnvironmentFile=/etc/default/ollama\n' > /etc/systemd/system/ollama.service.d/zzz.conf",
    f"printf %s '{BROKEN_DROPIN}' > /etc/systemd/system/ollama.service.d/broken.conf",
    "printf '[Service]\n' > /etc/systemd/system/ollama.service.d/override",
    "systemctl daemon-reload",
    "systemctl restart ollama.service",
    READY,
)
# What the server does then, and logs.
AFTER = (
    f'curl --fail --silent {URL}/api/generate --data \'{{"model": "tiny-a"}}\'',
    f"{DOOR} load model=tiny-b failure='CUDA error: out of memory'",
    f'curl --fail --silent {URL}/api/generate --data \'{{"model": "tiny-b"}}\'',
    f'curl --fail --silent {URL}/api/generate --data \'{{"model": "tiny-a", "keep_alive": "5m"}}\'',
)
REPAIR = (
    "rm /etc/systemd/system/ollama.service.d/broken.conf /etc/systemd/system/ollama.service.d/override",
    "rm /etc/systemd/system/ollama.service.d/zzz.conf /etc/default/ollama /dev/nvidia0 /dev/nvidiactl /dev/nvidia-uvm",
    "sed -i /OLLAMA_/d /etc/environment",
    "systemctl daemon-reload",
    "systemctl restart ollama.service",
    READY.replace("11435", "11434"),
    "echo FROM /usr/share/test-models/embed.gguf > /tmp/Modelfile && ollama create embed -f /tmp/Modelfile",
    "ollama-warmup release",
    "ollama-warmup undrain",
    "ollama-warmup run",
    "systemctl start ollama-warmup.timer",
)


@pytest.fixture(scope="session")
def gpu1() -> Machine:
    return Machine("gpu1")


@pytest.fixture(scope="session")
def faulty(gpu1: Machine) -> Machine:
    """The host with its faults."""
    for command in (*BEFORE, *AFTER):
        gpu1.run(command)
    return gpu1


class Visit:
    """The play on both hosts, with what was there before and after it."""

    def __init__(self, faulty: Machine) -> None:
        self.before = self._state(faulty)
        self.outcome: Outcome = play("doctor", INVENTORIES, "--extra-vars=keepwarm_hosts=all")
        self.after = self._state(faulty)

    @staticmethod
    def _state(machine: Machine) -> list[str]:
        return [*machine.state(), machine.run(f"curl --fail --silent {URL}/api/ps")]

    def page(self, host: str) -> str:
        """What was printed of one host."""
        lines = self.outcome.output.splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith(f"{host}: "))
        end = next(number for number, line in enumerate(lines[start:], start) if line.startswith("checked: "))
        return "\n".join(lines[start : end + 1])


@pytest.fixture(scope="session")
def visit(faulty: Machine) -> Visit:
    return Visit(faulty)


@pytest.fixture(scope="session")
def findings(visit: Visit, faulty: Machine) -> Mapping[str, Mapping[str, Any]]:
    """What the agent's own command says of the same host, by code."""
    told = json.loads(faulty.run("ollama-warmup doctor --json || [ $? = 1 ]"))
    return {finding["code"]: finding for finding in told["findings"]}


@pytest.fixture(scope="session")
def repaired(findings: Mapping[str, Mapping[str, Any]], faulty: Machine) -> Machine:
    """The host without them, once the doctor has seen them."""
    for command in REPAIR:
        faulty.run(command)
    return faulty
