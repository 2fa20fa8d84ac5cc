# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with gated applications. What they had in memory when they started, they noted down themselves, from the server's list."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from shared.gpu import HOSTS

SCENARIO = pathlib.Path(__file__).resolve().parents[1]
APPLICATION = "my-api.service"
APPLICATIONS = (APPLICATION, "batch.service", "other.service")
GATE = "ollama-warm-gate.service"
GATE_WANT = "ollama-warm-gate-want.service"
PASS = "ollama-warmup.service"
TIMER = "ollama-warmup.timer"
SERVER = "ollama.service"
PINS = {"tiny-a:latest", "embed:latest"}
FOR_EVER = "2300"
URL = "http://127.0.0.1:11434"
DEADLINE = 90  # seconds; only a failing test waits that long
IS_WARM = f"test $(curl --fail --silent {URL}/api/ps | grep --only-matching '\"expires_at\":\"23' | wc --lines) = {len(PINS)}"
IS_WAITING = f"jobs=$(systemctl list-jobs --no-legend) && echo $jobs | grep -q '{APPLICATION} start waiting' && echo $jobs | grep -q '{GATE} start running'"


class Gpu:
    """The host under test."""

    def __init__(self, host: Any) -> None:
        self.host = host
        self.name = f"{os.environ['KEEPWARM_HOSTS']}-{os.environ['MOLECULE_SCENARIO_NAME']}-gpu1"

    def run(self, command: str) -> str:
        """What a command prints; it must succeed."""
        return str(self.host.check_output(command))

    def until(self, condition: str) -> None:
        """Wait, on the host, until that shell command succeeds."""
        done = self.host.run("timeout %s sh -c %s", str(DEADLINE), f"until {condition}; do sleep 0.1; done")
        assert done.rc == 0, f"not so within {DEADLINE} s: {condition}"

    def until_running(self, unit: str = APPLICATION) -> None:
        self.until(f"systemctl is-active --quiet {unit}")

    def until_waiting(self) -> None:
        """Until the application's start waits for its gate."""
        self.until(IS_WAITING)
        assert self.pid() == "0"

    def until_warm(self) -> None:
        """Until the server lists what is declared, for ever."""
        self.until(IS_WARM)

    def pinned(self) -> set[str]:
        """The names of the models that the server lists for ever."""
        models = json.loads(self.run(f"curl --fail --silent {URL}/api/ps"))["models"]
        return {model["name"] for model in models if model["expires_at"][:4] > FOR_EVER}

    def show(self, unit: str, *properties: str) -> list[str]:
        """Properties of a unit, in this order."""
        lines = self.run(f"systemctl show --property={','.join(properties)} {unit}").splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return [values[key] for key in properties]

    def pid(self, unit: str = APPLICATION) -> str:
        """The unit's process; "0" for none."""
        return self.show(unit, "MainPID")[0]

    def starts(self, unit: str = APPLICATION) -> list[set[str]]:
        """What the server had in memory at each start of the application so far."""
        lines = self.run(f"cat /var/log/{unit.partition('.')[0]}.starts").splitlines()
        return [{model["name"] for model in json.loads(line or '{"models": []}')["models"]} for line in lines]

    def crash(self, unit: str = APPLICATION) -> None:
        """As the kernel ends it; systemd has noticed when this returns."""
        pid = self.pid(unit)
        self.run(f"systemctl kill --signal=KILL {unit}")
        self.until(f"test $(systemctl show --property=MainPID --value {unit}) != {pid}")

    def chill(self) -> None:
        """From now on a required model cannot be loaded, not after a reboot either, and every pass fails."""
        self.run("ollama cp tiny-a spare && ollama rm tiny-a")
        self.run(f"curl --fail --silent {URL}/api/generate --data '{json.dumps({'model': 'spare', 'keep_alive': 0})}'")
        self.until(f"! {{ {IS_WARM}; }}")

    def heal(self) -> None:
        """It can be loaded again."""
        self.run("if ollama show spare; then ollama cp spare tiny-a && ollama rm spare; fi")

    def see_passes(self, count: int) -> None:
        """Wait until that many more passes have begun and ended."""
        invocation = f"$(systemctl show --property=InvocationID --value {PASS})"
        for dummy in range(count + 1):
            self.until(f"test {invocation} != {self.run(f'echo {invocation}')}")

    def reboot(self) -> None:
        """As a machine reboots; gates may hold its boot up."""
        subprocess.run([sys.executable, str(HOSTS), "reboot", self.name, "--no-wait"], check=True, stdin=subprocess.DEVNULL, capture_output=True)
        self.until("systemctl is-active --quiet basic.target")

    def play(self, gates: Sequence[dict[str, str]], *options: str, status: int = 0) -> str:
        """Run the role again with other gates; gives what Ansible printed, which must end with that status."""
        inventories = [f"--inventory={SCENARIO.parent}/shared/inventory.yml", f"--inventory={SCENARIO}/inventory.yml"]
        extra = json.dumps({"ollama_warmup_gates": gates})
        command = ["ansible-playbook", *inventories, "--extra-vars", extra, *options, str(SCENARIO / "gates.yml")]
        environment = {**os.environ, "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def gpu(host: Any) -> Gpu:
    """The host, warm and with all its applications, whatever the test before did to it."""
    found = Gpu(host)
    found.run(f"systemctl start {SERVER} {TIMER}")
    found.until(f"curl --fail --silent {URL}/api/version")
    found.heal()
    found.until_warm()
    for unit in APPLICATIONS:
        found.until_running(unit)
    return found
