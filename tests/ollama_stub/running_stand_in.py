# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running stand-in for tests. Its process and HTTP client are those of the contract tests."""

from __future__ import annotations

import http.client
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "contract"))

from ollama_contract.http_exchange import Exchange
from ollama_contract.make_models import install_stand_in, make_models
from ollama_contract.server import OwnServer
from ollama_stub.control_client import ControlClient

__all__ = ["Ask", "StandIn", "install_stand_in", "make_store"]


def make_store(program: Path, home: Path) -> Path:
    """A store with the models of the recordings, made by a server of its own."""
    server = OwnServer(program, home)
    try:
        server.start({})
        make_models(server.caller, whole=False)
    finally:
        server.stop()
    return home / "models"


class Ask:
    """A request that runs beside the test."""

    def __init__(self, send: Callable[[], Exchange]) -> None:
        self._send = send
        self._result: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._send().result
        except (OSError, http.client.HTTPException) as error:
            self._result = {"error": type(error).__name__}

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def result(self) -> dict[str, Any]:
        """What came back; `{"error": ...}` if the connection broke."""
        self._thread.join()
        return self._result


class StandIn(OwnServer):
    """A stand-in with its side door open."""

    def __init__(self, program: Path, home: Path) -> None:
        super().__init__(program, home)
        self.program = program
        self.home = home
        self.door = ControlClient(str(home / "door"))

    def run(self, **environment: str) -> None:
        self.start({"OLLAMA_STUB_CONTROL": str(self.home / "door"), **environment})

    def generate(self, model: str, **body: Any) -> dict[str, Any]:
        """The result of POST /api/generate, not streamed."""
        return self.post("/api/generate", model=model, stream=False, **body)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self.caller.send("POST", path, _encoded(body)).result

    def beside(self, model: str, **body: Any) -> Ask:
        """The same as generate, while the test goes on."""
        content = _encoded({"model": model, "stream": False, **body})
        return Ask(lambda: self.caller.send("POST", "/api/generate", content))

    def ask_beside(self, method: str, path: str, body: bytes | None = None) -> Ask:
        """Any request, while the test goes on; its result tells of a broken connection."""
        return Ask(lambda: self.caller.send(method, path, body))

    def environment_of(self, pid: int) -> list[str]:
        return Path(f"/proc/{pid}/environ").read_text().split("\0")

    def lines(self, path: str, **body: Any) -> Iterator[dict[str, Any]]:
        """The lines of a streamed answer, each as it comes."""
        connection = http.client.HTTPConnection(*self.caller.address, timeout=60)
        try:
            connection.request("POST", path, body=_encoded(body))
            for line in connection.getresponse():
                yield json.loads(line)
        finally:
            connection.close()

    def residents(self) -> dict[str, dict[str, Any]]:
        """The entries of /api/ps by name without tag."""
        models = self.caller.send_json("GET", "/api/ps")["models"]
        return {model["name"].partition(":")[0]: model for model in models}

    def blob(self, model: str) -> str:
        """The file of a model's weights."""
        modelfile: str = self.post("/api/show", model=model)["json"]["modelfile"]
        return next(line for line in modelfile.splitlines() if line.startswith("FROM /")).removeprefix("FROM ")

    def counters(self) -> dict[str, Any]:
        return self.door.counters()

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the server and return how it ended."""
        assert self._process
        self._process.send_signal(number)
        status = self._process.wait(timeout=30)
        self._process = None
        return status

    def wait_for(self, reached: Callable[[], bool]) -> None:
        """Until something has happened. Raises TimeoutError after 30 seconds."""
        deadline = time.monotonic() + 30
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError("what the test waits for did not happen")
            time.sleep(0.02)


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
