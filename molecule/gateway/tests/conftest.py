# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway of the host as its clients see it, and plays that change it."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from shared.machine import Machine, Outcome

HERE = pathlib.Path(__file__).resolve().parents[1]
CA = "/etc/ssl/gateway/ca.pem"
ANSIBLE = {
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_PIPELINING": "1",
    "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
}
LOG = "/var/log/nginx/ollama-gateway.log"
FOR_EVER = "2300"
URL = "https://gateway.example:11443"


class Gateway(Machine):
    """The host; what is sent goes to its own address from outside the loopback network."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.address = self.run("hostname -I").split()[0]

    def ask(self, path: str, body: Any = None, token: str | None = "laptop", options: str = "") -> tuple[int, str]:
        """Status and text of an answer. A body that is no text is sent as JSON."""
        text = body if isinstance(body, (bytes, type(None))) else (body if isinstance(body, str) else json.dumps(body)).encode()
        data = "" if text is None else "--data-binary @-"
        bearer = f"--header 'Authorization: Bearer {token}-0123456789abcdef'" if token else ""
        answer = self.run(
            f"echo {base64.b64encode(text or b'').decode()} | base64 --decode | curl --silent --cacert {CA} --resolve gateway.example:11443:{self.address}"
            f" {bearer} {data} {options} --write-out '\\n%{{http_code}}' '{URL}{path}'"
        )
        said, dummy, status = answer.rpartition("\n")
        return int(status), said.strip()

    def contexts(self) -> dict[str, int]:
        """The context of each model in memory."""
        answer = json.loads(self.run("curl --fail --silent http://127.0.0.1:11434/api/ps"))
        return {model["name"]: model["context_length"] for model in answer["models"]}

    def warm(self) -> None:
        """As the agent leaves it: the pins for ever, each with its context."""
        self.post("/api/generate", model="tiny-a", keep_alive=-1, options={"num_ctx": 512})
        self.post("/api/embed", model="embed", keep_alive=-1)

    def is_warm(self) -> bool:
        """The pins are there for ever, with their contexts."""
        resident = self.resident()
        return all(resident.get(name, "") > FOR_EVER for name in ("tiny-a:latest", "embed:latest")) and self.contexts()["tiny-a:latest"] == 512

    def log(self) -> list[dict[str, Any]]:
        """What nginx has logged of requests."""
        return [json.loads(line) for line in self.run(f"cat {LOG}").splitlines()]

    def master(self) -> str:
        """The main process of nginx."""
        return self.run("cat /run/nginx.pid").strip()


@pytest.fixture(scope="session")
def gateway() -> Gateway:
    """The host of the scenario, warm."""
    found = Gateway("gpu1")
    found.warm()
    return found


@pytest.fixture(scope="session")
def play() -> Callable[..., Outcome]:
    """Runs the role once more, with other variables."""
    return lambda *options, **variables: run_playbook(str(HERE / "converge.yml"), *options, **variables)


@pytest.fixture(scope="session")
def playbook() -> Callable[..., Outcome]:
    """Runs a playbook of the collection by its name."""
    return lambda name, **variables: run_playbook(f"keepwarm.ollama.{name}", **variables)


def run_playbook(path: str, *options: str, **variables: Any) -> Outcome:
    """On the host of the scenario."""
    inventories = [f"--inventory={HERE.parent}/shared/inventory.yml", f"--inventory={HERE}/inventory.yml"]
    command = ["ansible-playbook", *inventories, "--extra-vars", json.dumps(variables), *options, path]
    environment = {**os.environ, **ANSIBLE}
    environment.pop("ANSIBLE_FORCE_COLOR", None)
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
    return Outcome(done.returncode, done.stdout + done.stderr)
