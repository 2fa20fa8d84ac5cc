# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts by name, and the role's play with other variables."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any

import pytest
from shared.machine import Machine, Outcome

SCENARIO = pathlib.Path(__file__).resolve().parents[1]
INVENTORIES = [SCENARIO.parent / "shared/inventory.yml", SCENARIO / "inventory.yml"]


class Host(Machine):
    """A host that has, or is to have, an Ollama of the role's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.inventory_name = name

    def play(self, *options: str, **variables: Any) -> Outcome:
        """Run the role with these variables; what it says is JSON, so that a sentence is in one piece."""
        command = ["ansible-playbook", *(f"--inventory={path}" for path in INVENTORIES), f"--limit={self.inventory_name}"]
        command += [f"--extra-vars={json.dumps(variables)}", *options, str(SCENARIO / "converge.yml")]
        environment = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        return Outcome(done.returncode, done.stdout + done.stderr)

    def refusal(self, **variables: Any) -> str:
        """What the play said, which must have failed."""
        outcome = self.play(**variables)
        assert outcome.status != 0, outcome.output
        return outcome.output

    def version(self) -> str:
        """What the running server calls itself."""
        return str(json.loads(self.run("curl --fail --silent http://127.0.0.1:11434/api/version"))["version"])

    def models(self) -> dict[str, str]:
        """The digest of each installed model by its name."""
        answer = json.loads(self.run("curl --fail --silent http://127.0.0.1:11434/api/tags"))
        return {model["name"]: model["digest"] for model in answer["models"]}

    def process(self) -> str:
        """The server's process."""
        return self.run("systemctl show --property=MainPID --value ollama.service").strip()


@pytest.fixture(scope="session")
def gpu1() -> Host:
    return Host("gpu1")


@pytest.fixture(scope="session")
def packaged() -> Host:
    """A host that gets its distribution's package."""
    return Host("packaged")


@pytest.fixture(scope="session")
def vendors() -> Host:
    """A host whose Ollama was installed by its vendor's script."""
    return Host("vendors")
