# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runner processes: what they look like, how they die, and what the server says then."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from running_stand_in import StandIn


def words(pid: int) -> list[str]:
    """The command line of a process."""
    return [word for word in Path(f"/proc/{pid}/cmdline").read_text().split("\0") if word]


def test_runner_looks_like_the_real_one(stand_in: StandIn) -> None:
    stand_in.run()
    stand_in.generate("tiny-a", keep_alive=-1)
    (pid,) = stand_in.runners()
    line = words(pid)
    assert line[0] == str(stand_in.program.parent.parent / "lib" / "ollama" / "llama-server")
    assert line[1] == "--model"
    assert Path(line[2]).parent == stand_in.home / "models" / "blobs"
    assert line[3] == "--port"
    assert " ".join(line[5:]) == (
        "--host 127.0.0.1 --no-webui --offline -c 4096 -np 1 --log-verbosity 4 --no-log-prefix "
        "--no-log-timestamps --no-jinja --chat-template chatml --load-mode none --flash-attn auto "
        "-b 512 -ub 512 --context-shift --keep 4"
    )
    assert stand_in.door.order("runners") == {"tiny-a:latest": pid}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_runners_end_with_the_server(stand_in: StandIn, number: signal.Signals) -> None:
    stand_in.run()
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.post("/api/embed", model="embed", keep_alive=-1)
    runners = stand_in.runners()
    assert len(runners) == 2
    assert stand_in.end(number) == (0 if number != signal.SIGKILL else -signal.SIGKILL)
    stand_in.wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in runners))


def test_server_ends_in_the_middle_of_a_load_and_of_an_answer(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_STUB_TOKENS_PER_SECOND="5")
    stand_in.generate("tiny-a", keep_alive=-1)
    answer = stand_in.beside("tiny-a", prompt="w1", options={"num_predict": 100})
    stand_in.door.order("load", seconds=60)
    load = stand_in.beside("tiny-b")
    stand_in.wait_for(lambda: len(stand_in.runners()) == 2)
    runners = stand_in.runners()
    assert stand_in.end(signal.SIGTERM) == 0
    stand_in.wait_for(lambda: not (answer.running or load.running))
    stand_in.wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in runners))


def test_runner_killed_in_the_middle_of_an_answer(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_STUB_TOKENS_PER_SECOND="10")
    answer = stand_in.beside("tiny-a", prompt="w1", options={"num_predict": 100}, keep_alive=-1)
    stand_in.wait_for(lambda: "tiny-a" in stand_in.residents())
    stand_in.kill_runners()
    assert answer.result() == {
        "status": 500,
        "content_type": "application/json; charset=utf-8",
        "json": {"error": "an error was encountered while running the model: unexpected EOF"},
    }
    assert "tiny-a" in stand_in.residents()


def test_runner_killed_in_the_middle_of_a_stream(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_STUB_TOKENS_PER_SECOND="10")
    lines = stand_in.lines("/api/generate", model="tiny-a", prompt="w1", options={"num_predict": 100})
    assert next(lines)["response"]
    stand_in.kill_runners()
    *dummy, last = lines
    assert last == {"error": "an error was encountered while running the model: unexpected EOF"}
    assert "tiny-a" in stand_in.residents()


def test_runner_killed_while_it_loads(stand_in: StandIn) -> None:
    stand_in.run()
    stand_in.door.order("load", seconds=60)
    load = stand_in.beside("tiny-a")
    stand_in.wait_for(lambda: len(stand_in.runners()) == 1)
    stand_in.kill_runners()
    assert load.result()["json"] == {"error": "llama-server process has terminated: signal: killed"}
    assert stand_in.residents() == {}
    assert stand_in.generate("tiny-a")["status"] == 200


def test_runner_that_cannot_load(stand_in: StandIn) -> None:
    stand_in.run()
    stand_in.generate("tiny-b", keep_alive=-1)
    stand_in.door.order("load", model="tiny-a", failure="error loading model: GGML_ASSERT")
    result = stand_in.generate("tiny-a")
    assert result["status"] == 500
    assert result["json"]["error"] == (
        "llama-server process has terminated: exit status 1: error loading model: GGML_ASSERT"
    )
    assert set(stand_in.residents()) == {"tiny-b"}


def test_load_that_stalls(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_LOAD_TIMEOUT="500ms", OLLAMA_STUB_LOAD_SECONDS="60")
    result = stand_in.generate("tiny-a")
    assert result["status"] == 500
    assert result["json"]["error"] == "timed out waiting for llama-server to start - "
    stand_in.wait_for(lambda: not stand_in.runners())


def test_revival_without_keep_alive_falls_back_to_the_environment(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_KEEP_ALIVE="2h")
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.kill_runners()
    assert stand_in.residents()["tiny-a"]["expires_at"].startswith("23")
    stand_in.generate("tiny-a")
    assert not stand_in.residents()["tiny-a"]["expires_at"].startswith("23")
    assert len(stand_in.runners()) == 1
