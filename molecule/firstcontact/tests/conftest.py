# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that others set up by hand, and the playbook as its new user runs it."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from shared.machine import Machine, Outcome, play

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared/inventory.yml"
KEY = pathlib.Path(os.environ["KEEPWARM_SSH_CONFIG"]).parent / "key"
PINS = [{"name": "tiny-a"}]
HELD = {"tiny-b:latest", "tiny-c:latest"}
OPERATOR = {"ansible_user": "deploy", "ansible_ssh_private_key_file": str(KEY)}


class Host(Machine):
    """The host, and what its users do to it."""

    def start(self) -> str:
        """Names one start of the server."""
        return self.run("systemctl show --property=InvocationID --value ollama.service").strip()

    def environment(self) -> dict[str, str]:
        """That of the running process."""
        pid = self.run("systemctl show --property=MainPID --value ollama.service").strip()
        words = self.run(f"tr '\\0' '\\n' < /proc/{pid}/environ").splitlines()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def forever(self) -> set[str]:
        """The models that are there for ever, by the server's own list."""
        return {name for name, expiry in self.resident().items() if expiry[:4] > "2300"}

    def contexts(self) -> dict[str, int]:
        """The context of each model in memory."""
        answer = json.loads(self.run("curl --fail --silent http://127.0.0.1:11434/api/ps"))
        return {model["name"]: model["context_length"] for model in answer["models"]}

    def hold(self) -> None:
        """As somebody does who keeps models by hand."""
        for name, context in (("tiny-b", 512), ("tiny-c", 1024)):
            self.post("/api/generate", model=name, keep_alive=-1, options={"num_ctx": context})

    def chat(self) -> None:
        """A client with one long answer after another in flight, which ends as soon as one is cut off."""
        body = json.dumps({"model": "tiny-b", "prompt": "x", "options": {"num_ctx": 512, "num_predict": 5000}})
        asking = f"while curl -sSf http://127.0.0.1:11434/api/generate -d '{quoted(body)}' > /tmp/answer; do :; done"
        self.run(f'systemd-run --quiet --unit=chat --collect sh -c "{asking}"')
        self.run("timeout 30 sh -c 'until [ -s /tmp/answer ]; do sleep 0.1; done'")

    def end_chat(self) -> None:
        """The client gives up."""
        self.run("systemctl stop chat.service")

    def is_chatting(self) -> bool:
        """Whether its request is in flight."""
        return self.run("systemctl is-active chat.service || true").strip() == "active"


def quoted(text: str) -> str:
    """For a word in single quotes in one in double quotes."""
    return text.replace('"', '\\"')


@pytest.fixture(scope="session")
def gpu1() -> Host:
    return Host("gpu1")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Runs the playbook with these variables: the first time without pipelining, as Ansible does by default, then with it, which takes
    half the time."""
    pipelining = iter(("0",))

    def call(*options: str, **variables: Any) -> Outcome:
        inventory = tmp_path_factory.mktemp("site") / "hosts.json"
        given = {**OPERATOR, "ollama_warmup_models": PINS, **variables}
        inventory.write_text(json.dumps({"gpu_hosts": {"hosts": {"gpu1": given}}}))
        return play("site", [SHARED, inventory], *options, ANSIBLE_PIPELINING=next(pipelining, "1"), ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")

    return call
