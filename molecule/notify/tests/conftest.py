# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of both releases, each with somebody who is told, and no pass but those that the test asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shared.gpu import PASS, PINS, TIMER, Gpu, eventually
from shared.machine import reach

NOTIFIER = "ollama-warmup-notify.service"
PATH = "ollama-warmup-notify.path"
ENDPOINT = "endpoint.service"
MESSAGES = "/var/lib/endpoint/messages"
PENDING = "/var/lib/ollama-warmup/default/notify"
SECRET = "hunter2secret"
URL = "http://127.0.0.1:11434"


class Told(Gpu):
    """A host, and what it told."""

    def messages(self) -> list[dict[str, Any]]:
        """All that arrived since the test began."""
        return [json.loads(line) for line in self.run(f"cat {MESSAGES}").splitlines()]

    def pending(self) -> str:
        """The files that wait to be sent."""
        return self.run(f"ls {PENDING}")

    def is_quiet(self) -> bool:
        """Nothing waits, and nobody sends."""
        return self.pending() == "" and self.show(NOTIFIER, "ActiveState") == ["inactive"]

    def unload(self, model: str) -> None:
        """What a client may do, until it has happened."""
        self.ask(model, "0s")
        eventually(lambda: f"{model}:latest" not in self.listed())

    def make_pass(self) -> int:
        """Whether it ended warm, as systemd has it."""
        return int(self.host.run(f"systemctl start {PASS}").rc)

    def post(self, method: str, path: str, **body: str) -> None:
        """What an operator may ask of the server."""
        self.run(f"curl --fail --silent --show-error --request {method} {URL}{path} --data '{json.dumps(body)}'")


@pytest.fixture(params=["gpu1", "gpu2"])
def told(request: pytest.FixtureRequest) -> Told:
    """A warm host that has nothing to tell."""
    found = Told(reach(Gpu(None, request.param).name), request.param)
    found.run(f"systemctl stop {TIMER}")
    found.run(f"systemctl start {ENDPOINT} {PASS}")
    eventually(found.is_quiet)
    found.run(f"truncate --size=0 {MESSAGES}")
    assert set(PINS) <= found.pinned()
    return found
