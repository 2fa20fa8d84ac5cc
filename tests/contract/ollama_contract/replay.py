# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a scenario's steps on a server and collecting how it differs from the recording.

The recorder paused where its steps do not say so (for a first request to get going, for one in
the background to end). So, while a request is in flight in the background, a step that only
reads is repeated until it agrees or that request has ended; requests in the background have
ended before a `wait` begins.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from . import progress
from .compare import Frame, differences
from .http_exchange import Caller, Exchange
from .recording import Scenario, Step
from .registry import Renaming
from .server import ForeignServer, OwnServer

Server = Union[OwnServer, ForeignServer]
_GET_GOING = 0.2  # seconds for a request in the background to reach the scheduler
_LOOK_AGAIN = 0.05
# /api/version names the server: a stand-in has to say there that it is one.
_OWN_FIELDS = {"/api/version": {"stand_in"}}


@dataclass
class Replay:
    """The state of one scenario's replay."""

    server: Server
    digests: Mapping[str, str]
    tokens_per_second: float
    rename: Renaming = str  # what a recorded text is called in this run
    problems: list[str] = field(default_factory=list)
    _background: list[tuple[int, Step, threading.Thread, list[Exchange]]] = field(default_factory=list)

    def run(self, scenario: Scenario) -> list[str]:
        """All differences of all steps."""
        for number, recorded in enumerate(scenario.steps):
            step = json.loads(self.rename(json.dumps(recorded)))
            if isinstance(self.server, OwnServer):
                self._run_on_own(self.server, number, step, scenario.environment)
            self._run_on_any(number, step)
        self._join()
        return self.problems

    def _run_on_own(
        self, server: OwnServer, number: int, step: Step, environment: dict[str, str]
    ) -> None:
        if step["do"] == "start":
            server.start(environment)
        elif step["do"] == "restart":
            server.restart()
        elif step["do"] == "kill_runners":
            self._check(number, step, [f"killed {server.kill_runners()} runners"], "killed")
        elif step["do"] == "count_runners":
            self._check(number, step, [f"counted {len(server.runners())} runners"], "counted")

    def _check(self, number: int, step: Step, found: list[str], verb: str) -> None:
        wanted = [f"{verb} {step['count']} runners"]
        if found != wanted:
            self._note(number, step, f"{found[0]} instead of {step['count']}")

    def _run_on_any(self, number: int, step: Step) -> None:
        if step["do"] == "wait":
            self._join()
            time.sleep(step["seconds"])
        elif step["do"] == "request" and step.get("background"):
            self._start(number, step)
        elif step["do"] == "request" and step["method"] == "GET" and self._background:
            self._ask_until_it_agrees(number, step)
        elif step["do"] == "request":
            self._compare(number, step, self._send(step))

    def _start(self, number: int, step: Step) -> None:
        got: list[Exchange] = []
        thread = threading.Thread(target=lambda: got.append(self._send(step)), daemon=True)
        thread.start()
        self._background.append((number, step, thread, got))
        thread.join(_GET_GOING)

    def _join(self) -> None:
        for number, step, thread, got in self._background:
            thread.join()
            if got:
                self._compare(number, step, got[0])
            else:
                self._note(number, step, "no answer")
        self._background.clear()

    def _ask_until_it_agrees(self, number: int, step: Step) -> None:
        while any(entry[2].is_alive() for entry in self._background):
            if not list(self._differences(step, self._send(step))):
                return
            time.sleep(_LOOK_AGAIN)
        self._compare(number, step, self._send(step))

    def _send(self, step: Step) -> Exchange:
        headers = dict(step.get("headers", {}))
        body: bytes | None = None
        if "raw_body" in step:
            body = step["raw_body"].encode()
        elif "body" in step:
            body = json.dumps(self._filled(step["body"])).encode()
        if body is not None:
            headers["Content-Type"] = "application/json"
        caller: Caller = self.server.caller
        return caller.send(step["method"], step["path"], body, headers, step.get("abort_after_s"))

    def _filled(self, value: Any) -> Any:
        """A body with as many tokens as last so many seconds in place of `@for:8`."""
        if isinstance(value, dict):
            return {key: self._filled(each) for key, each in value.items()}
        if isinstance(value, str) and value.startswith("@for:"):
            return max(1, int(float(value[len("@for:") :]) * self.tokens_per_second))
        return value

    def _compare(self, number: int, step: Step, exchange: Exchange) -> None:
        for difference in self._differences(step, exchange):
            self._note(number, step, difference)

    def _differences(self, step: Step, exchange: Exchange) -> Iterator[str]:
        expected = {key: value for key, value in step["result"].items() if key != "seconds"}
        actual = {**exchange.result}
        for field_name in _OWN_FIELDS.get(step["path"], set()) if "json" in actual else ():
            actual["json"] = {key: each for key, each in actual["json"].items() if key != field_name}
        if isinstance(self.server, ForeignServer) and step["path"] == "/api/tags" and "json" in expected:
            actual["json"] = _only_expected(expected["json"], actual["json"])
        if progress.is_progress(expected.get("lines")):
            yield from progress.differences(expected.pop("lines"), actual.pop("lines", []))
        yield from differences(expected, actual, Frame(self.digests, exchange.now))

    def _note(self, number: int, step: Step, text: str) -> None:
        what = f"{step.get('method', step['do'])} {step.get('path', '')}".strip()
        note = f" ({step['note']})" if "note" in step else ""
        self.problems.append(f"step {number}, {what}{note}: {text}")


def _only_expected(expected: dict[str, Any], actual: dict[str, Any]) -> dict[str, Any]:
    """The installed models without those that the recorded server did not have."""
    names = {model["name"] for model in expected["models"]}
    return {"models": [model for model in actual["models"] if model["name"] in names]}


def digests(caller: Caller) -> dict[str, str]:
    """The digest of each installed model by its name."""
    return {model["name"]: model["digest"] for model in caller.send_json("GET", "/api/tags")["models"]}


def measure_speed(caller: Caller) -> float:
    """Tokens per second of `big`, as the recorder measured them: by a small request."""
    body = {"model": "big", "prompt": "w1", "stream": False, "options": {"num_predict": 20}}
    answer = caller.send_json("POST", "/api/generate", body)
    return float(answer["eval_count"] / (answer["eval_duration"] / 1e9))
