# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FastAPI application of the documentation refuses to start on a cold server, or tolerates one; run as people run it."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from running_stand_in import StandIn

EXAMPLE = pathlib.Path(__file__).parents[2] / "docs/examples/fastapi"
LISTENS = re.compile(r"Uvicorn running on (http://\S+)")
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(stand_in: StandIn) -> Iterator[Start]:
    """Starts the application with an environment of its own."""
    running: list[subprocess.Popen[str]] = []
    host, port = stand_in.caller.address

    def run(**environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "uvicorn", "main:app", "--port", "0", "--no-use-colors"]
        given = {"OLLAMA_HOST": f"http://{host}:{port}", **environment}
        running.append(subprocess.Popen(command, cwd=EXAMPLE, env=given, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield run
    for process in running:
        with process:
            process.kill()


def address(application: subprocess.Popen[str]) -> tuple[str, str]:
    """Where it listens, and what it said before; fails if it ends instead."""
    assert application.stderr
    said = ""
    for line in application.stderr:
        said += line
        found = LISTENS.search(line)
        if found:
            return found[1], said
    raise AssertionError(said)


def ready(application: str) -> tuple[int, list[str]]:
    answer = httpx.get(f"{application}/ready", trust_env=False)
    return answer.status_code, answer.json()["cold"]


def test_it_refuses_to_start_on_a_cold_server(stand_in: StandIn, start: Start) -> None:
    stand_in.generate("tiny-a", keep_alive=-1)
    application = start(OLLAMA_MODELS_NEEDED="tiny-a, tiny-b", OLLAMA_WARM_SECONDS="0")
    said = application.communicate()[1]
    assert application.returncode == 3
    assert "ColdServer: not in the server's memory after 0 s: tiny-b:latest\n" in said
    assert "Application startup failed. Exiting." in said


def test_it_starts_as_soon_as_what_it_needs_is_there(stand_in: StandIn, start: Start) -> None:
    application = start(OLLAMA_MODELS_NEEDED="tiny-a,tiny-b:latest")
    stand_in.wait_for(lambda: stand_in.counters()["requests"].get("GET /api/ps", 0) > 0)
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.generate("tiny-b", keep_alive=-1)
    assert ready(address(application)[0]) == (200, [])


def test_it_tolerates_a_cold_server_and_tells_when_it_is_warm(stand_in: StandIn, start: Start) -> None:
    where, said = address(start(OLLAMA_MODELS_NEEDED="tiny-a", OLLAMA_WARM_MODE="want", OLLAMA_WARM_SECONDS="0"))
    assert "starting cold: the first requests will wait for tiny-a:latest" in said
    assert ready(where) == (503, ["tiny-a:latest"])
    assert stand_in.residents() == {}  # it loads nothing by itself
    stand_in.generate("tiny-a", keep_alive=-1)
    assert ready(where) == (200, [])
    stand_in.stop()
    assert ready(where) == (503, ["tiny-a:latest"])


@pytest.mark.parametrize(("mode", "status"), [("require", 3), ("want", None)])
def test_a_server_that_is_not_there_is_a_cold_one(start: Start, mode: str, status: int | None) -> None:
    application = start(OLLAMA_HOST="http://127.0.0.1:9", OLLAMA_MODELS_NEEDED="tiny-a", OLLAMA_WARM_MODE=mode, OLLAMA_WARM_SECONDS="0")
    if status is None:
        assert "starting cold" in address(application)[1]
    else:
        application.communicate()
    assert application.poll() == status
