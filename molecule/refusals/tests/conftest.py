# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, the playbook that is to leave them alone, and what it would have changed."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import testinfra

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared/inventory.yml"
PREFIX = f"{os.environ['KEEPWARM_HOSTS']}-{os.environ['MOLECULE_SCENARIO_NAME']}"
URL = "http://127.0.0.1:11434"
PLACES = "/etc /usr/local /var/lib -path /var/lib/systemd -prune -o"  # users and packages are files there, too
_FATAL = re.compile(r"^fatal: \[(?P<host>[^]]+)\]: FAILED! => (?P<result>\{.*\})$", re.MULTILINE)
_PLAIN = {
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_FORKS": "4",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_PIPELINING": "1",
    "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a play."""

    status: int
    output: str

    @property
    def messages(self) -> dict[str, str]:
        """The last thing that each host that failed was told."""
        return {found["host"]: json.loads(found["result"])["msg"] for found in _FATAL.finditer(self.output)}


class Machine:
    """A host, and what a refused play must leave as it is."""

    def __init__(self, name: str) -> None:
        self.name = f"{PREFIX}-{name}"
        self._host = testinfra.get_host(f"podman://{self.name}")

    def run(self, command: str) -> str:
        """What a command prints; it must succeed."""
        return str(self._host.check_output(command))

    def files(self) -> list[str]:
        """Every file with its owner, mode and content."""
        owners = self.run(f"find {PLACES} -printf '%p %y %m %u:%g %l\\n'").splitlines()
        contents = self.run(f"find {PLACES} -type f -exec sha256sum {{}} +").splitlines()
        return sorted([*owners, *contents])

    def server(self) -> list[str]:
        """Which start of the server, which models with which expiry, and how often it was asked for more than a look."""
        start = self.run("systemctl show --property=InvocationID,ActiveState ollama.service")
        acts = self.run("journalctl --quiet --unit=ollama.service --output=cat").count("POST ")
        return [start, self.run(f"curl --fail --silent {URL}/api/ps"), str(acts)]

    def resident(self) -> dict[str, str]:
        """The expiry of each model in memory."""
        answer = json.loads(self.run(f"curl --fail --silent {URL}/api/ps"))
        return {model["name"]: model["expires_at"] for model in answer["models"]}

    def post(self, path: str, **body: Any) -> None:
        """What a client may ask of the server."""
        self.run(f"curl --fail --silent --show-error {URL}{path} --data '{json.dumps(body)}'")


@pytest.fixture(scope="session")
def gpu1() -> Machine:
    return Machine("gpu1")


@pytest.fixture(scope="session")
def bare() -> Machine:
    return Machine("bare")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Runs the playbook on inventory hosts, given by name with their variables; several may be one machine."""

    def call(hosts: Mapping[str, Mapping[str, Any]], *options: str) -> Outcome:
        inventory = tmp_path_factory.mktemp("site") / "hosts.json"
        inventory.write_text(json.dumps({"gpu_hosts": {"hosts": hosts}}))
        command = ["ansible-playbook", f"--inventory={SHARED}", f"--inventory={inventory}", *options, "keepwarm.ollama.site"]
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**os.environ, **_PLAIN})
        return Outcome(done.returncode, done.stdout + done.stderr)

    return call
