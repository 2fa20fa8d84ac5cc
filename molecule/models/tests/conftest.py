# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a registry, and what a play asks of the module there."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import tempfile
from typing import Any

import pytest
from shared.gpu import Gpu, eventually

SCENARIO = pathlib.Path(__file__).resolve().parents[1]
INVENTORY = [f"--inventory={SCENARIO.parent}/shared/inventory.yml", f"--inventory={SCENARIO}/inventory.yml"]
STORE = "/usr/share/ollama/.ollama/models/blobs"
LOG = "/var/log/nginx/blobs.log"
HURRY = "/run/registry-in-a-hurry"
HEAVY = "registry.example:5000/library/heavy:v1"
_PLAIN = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
_RESULT = re.compile(r"^gpu1 \| (?P<word>[A-Z]+)!? => (?P<result>\{.*^\})", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass
class Told:
    """What a task said: its result, and what it showed meanwhile."""

    output: str

    @property
    def result(self) -> dict[str, Any]:
        found = _RESULT.search(self.output)
        assert found, self.output
        result: dict[str, Any] = json.loads(found["result"])
        return result

    @property
    def progress(self) -> list[str]:
        return re.findall(r"^\[gpu1\] (.*)$", self.output, re.MULTILINE)


class Task:
    """The module as a task of its own, while the test does something else."""

    def __init__(self, *words: str, **options: Any) -> None:
        command = ["ansible", "gpu1", *INVENTORY, "--module-name=keepwarm.ollama.ollama_model", *words, "--args", json.dumps(options)]
        environment = {**os.environ, **_PLAIN}
        output, path = tempfile.mkstemp()
        self._output = pathlib.Path(path)
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment)
        os.close(output)

    @property
    def told(self) -> Told:
        """What it said so far."""
        return Told(self._output.read_text(encoding="utf-8"))

    def end(self) -> Told:
        """Wait for it."""
        self._process.wait()
        told = self.told
        self._output.unlink()
        return told


class Shelf(Gpu):
    """The host with the registry."""

    def installed(self) -> dict[str, str]:
        """The digest of each installed model, by name."""
        answer = json.loads(self.run("curl --fail --silent http://127.0.0.1:11434/api/tags"))
        return {model["name"]: model["digest"] for model in answer["models"]}

    def hurry(self) -> None:
        """The registry answers further requests as fast as it can."""
        self.run(f"touch {HURRY}")

    def begin(self) -> None:
        """No heavy model, no trace of one, and a registry that takes five minutes for it."""
        self.run(f"ollama rm {HEAVY} || true; rm --force {STORE}/*-partial* {HURRY}; : > {LOG}")

    def play(self, *command: str) -> str:
        """Run a playbook that must succeed, and give its recap."""
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**os.environ, **_PLAIN})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.rpartition("PLAY RECAP")[2]

    def midway(self) -> None:
        """Return when some of it is there; the file has holes where there is nothing yet."""
        eventually(lambda: int(self.run(f"du --summarize --block-size=1 --total {STORE}/*-partial | tail -1 || true").split()[0]) > 300_000)

    def spans(self) -> list[int]:
        """The first bytes of the requests for the heavy weights, in their order."""
        found = re.findall(r"^GET 206 bytes=(\d+)-30\d{6} ", self.run(f"cat {LOG}"), re.MULTILINE)
        return [int(first) for first in found]


@pytest.fixture
def shelf(host: Any) -> Shelf:
    """The host as it is, with the heavy model on the registry only."""
    found = Shelf(host)
    found.begin()
    return found


def model(*words: str, **options: Any) -> Told:
    """Run the module as a task of its own."""
    return Task(*words, **options).end()
