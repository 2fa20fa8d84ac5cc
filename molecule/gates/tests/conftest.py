# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with gated applications. What they had in memory when they started, they noted down themselves, from the server's list."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

SCENARIO = pathlib.Path(__file__).resolve().parents[1]
APPLICATION = "my-api.service"
GATE = "ollama-warm-gate.service"
GATE_WANT = "ollama-warm-gate-want.service"
PASS = "ollama-warmup.service"
TIMER = "ollama-warmup.timer"
SERVER = "ollama.service"
PINS = {"tiny-a:latest", "embed:latest"}
FOR_EVER = "2300"
URL = "http://127.0.0.1:11434"
DEADLINE = 60  # seconds; only a failing test waits that long


def eventually(probe: Callable[[], Any], wanted: Any = True) -> None:
    """Return as soon as the probe gives what is wanted."""
    end = time.monotonic() + DEADLINE
    while True:
        seen = probe()
        if seen == wanted:
            return
        assert time.monotonic() < end, f"{seen!r} instead of {wanted!r}, still after {DEADLINE} s"
        time.sleep(0.2)  # between two looks, not instead of one


class Gpu:
    """The host under test."""

    def __init__(self, host: Any) -> None:
        self.host = host
        self.name = f"{os.environ['KEEPWARM_HOSTS']}-{os.environ['MOLECULE_SCENARIO_NAME']}-gpu1"

    def run(self, command: str) -> str:
        """What a command prints; it must succeed."""
        return str(self.host.check_output(command))

    def pinned(self) -> set[str]:
        """The names of the models that the server lists for ever; none while it does not answer."""
        answer = self.host.run(f"curl --fail --silent {URL}/api/ps")
        models = json.loads(answer.stdout)["models"] if answer.rc == 0 else []
        return {model["name"] for model in models if model["expires_at"][:4] > FOR_EVER}

    def show(self, unit: str, *properties: str) -> list[str]:
        """Properties of a unit, in this order."""
        lines = self.run(f"systemctl show --property={','.join(properties)} {unit}").splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return [values[key] for key in properties]

    def pid(self, unit: str = APPLICATION) -> str:
        """The unit's process; "0" for none."""
        return self.show(unit, "MainPID")[0]

    def is_running(self, unit: str = APPLICATION) -> bool:
        """Whether it was started and its process lives."""
        return self.show(unit, "ActiveState") == ["active"] and self.pid(unit) != "0"

    def is_waiting(self) -> bool:
        """Whether the application's start waits for its gate."""
        waits = [line.split()[1:] for line in self.run("systemctl list-jobs --no-legend --plain").splitlines()]
        return [GATE, "start", "running"] in waits and self.pid() == "0" and any(unit == APPLICATION for unit, *dummy in waits)

    def starts(self, unit: str = APPLICATION) -> list[set[str]]:
        """What the server had in memory at each start of the application so far."""
        lines = self.run(f"cat /var/log/{unit.partition('.')[0]}.starts").splitlines()
        return [{model["name"] for model in json.loads(line or '{"models": []}')["models"]} for line in lines]

    def crash(self, unit: str = APPLICATION) -> None:
        """As the kernel ends it."""
        self.run(f"systemctl kill --signal=KILL {unit}")

    def chill(self) -> None:
        """From now on a required model cannot be loaded, not after a reboot either, and every pass fails."""
        self.run("ollama cp tiny-a spare && ollama rm tiny-a")
        self.run(f"curl --fail --silent {URL}/api/generate --data '{json.dumps({'model': 'spare', 'keep_alive': 0})}'")
        eventually(lambda: self.pinned() & {"tiny-a:latest", "spare:latest"}, set())

    def heal(self) -> None:
        """It can be loaded again."""
        if self.host.run("ollama show spare").rc == 0:
            self.run("ollama cp spare tiny-a && ollama rm spare")

    def see_passes(self, count: int) -> None:
        """Wait until that many more passes have ended."""
        seen = {self.show(PASS, "InvocationID", "ActiveState")[0]}

        def ended() -> bool:
            invocation, state = self.show(PASS, "InvocationID", "ActiveState")
            seen.update([invocation] if state in ("inactive", "failed") else [])
            return len(seen) > count

        eventually(ended)

    def reboot(self) -> None:
        """As a machine reboots; gates may hold its boot up."""
        subprocess.run(["podman", "restart", self.name], check=True, capture_output=True)
        eventually(lambda: self.host.run("systemctl is-active sysinit.target").rc, 0)

    def play(self, gates: Sequence[dict[str, str]], *options: str) -> str:
        """Run the agent's role once more with other gates; gives what Ansible printed."""
        inventories = [f"--inventory={SCENARIO.parent}/shared/inventory.yml", f"--inventory={SCENARIO}/inventory.yml"]
        extra = json.dumps({"ollama_warmup_prove": False, "ollama_warmup_gates": gates})
        command = ["ansible-playbook", *inventories, "--extra-vars", extra, *options, str(SCENARIO / "warmup.yml")]
        environment = {**os.environ, "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def gpu(host: Any) -> Gpu:
    """The host, warm and with all its applications, whatever the test before did to it."""
    found = Gpu(host)
    found.run(f"systemctl start {SERVER} {TIMER}")
    found.heal()
    eventually(lambda: found.pinned() >= PINS and found.is_running() and found.is_running("batch.service"))
    return found
