# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler where requests, expiries and unloads meet (server/sched.go)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ollama_contract.compare import epoch
from running_stand_in import StandIn

FOR_EVER = 20 * 365 * 24 * 3600


def left(entry: dict[str, Any]) -> float:
    """Seconds until an entry of /api/ps expires."""
    return epoch(entry["expires_at"]) - time.time()


@pytest.fixture
def slow(stand_in: StandIn) -> StandIn:
    """A stand-in that says ten words a second."""
    stand_in.run(OLLAMA_STUB_TOKENS_PER_SECOND="10", OLLAMA_NUM_PARALLEL="4", OLLAMA_DEBUG="1")
    return stand_in


def test_runner_is_not_unloaded_while_it_is_busy_beyond_its_expiry(slow: StandIn) -> None:
    slow.generate("tiny-a", keep_alive=1)
    answer = slow.beside("tiny-a", prompt="w1", options={"num_predict": 25})
    slow.wait_for(lambda: left(slow.residents()["tiny-a"]) < -0.5)
    assert answer.running
    assert answer.result()["json"]["eval_count"] == 25
    slow.wait_for(lambda: not slow.residents())
    assert slow.counters()["loads"] == {"tiny-a:latest": 1}


def test_pin_that_comes_while_busy_shows_when_the_last_request_ends(slow: StandIn) -> None:
    slow.generate("tiny-a", keep_alive="5m")
    answer = slow.beside("tiny-a", prompt="w1", options={"num_predict": 10})
    slow.wait_for(lambda: slow.door.order("users") == {"tiny-a:latest": 1})
    slow.generate("tiny-a", keep_alive=-1)
    assert answer.running
    assert left(slow.residents()["tiny-a"]) < 301
    answer.result()
    slow.wait_for(lambda: left(slow.residents()["tiny-a"]) > FOR_EVER)


def test_runner_asked_to_go_while_busy_goes_when_it_is_idle(slow: StandIn) -> None:
    answer = slow.beside("tiny-a", prompt="w1", options={"num_predict": 20}, keep_alive=-1)
    slow.wait_for(lambda: "tiny-a" in slow.residents())
    assert slow.generate("tiny-a", keep_alive=0)["json"]["done_reason"] == "unload"
    assert left(slow.residents()["tiny-a"]) < 1
    assert answer.result()["status"] == 200
    slow.wait_for(lambda: not slow.residents())


def test_pin_after_a_request_to_unload_keeps_a_busy_runner(slow: StandIn) -> None:
    answer = slow.beside("tiny-a", prompt="w1", options={"num_predict": 20})
    slow.wait_for(lambda: "tiny-a" in slow.residents())
    slow.generate("tiny-a", keep_alive=0)
    slow.generate("tiny-a", keep_alive=-1)
    assert answer.result()["status"] == 200
    slow.wait_for(lambda: left(slow.residents()["tiny-a"]) > FOR_EVER)
    assert slow.counters()["unloads"] == {}


def test_first_request_is_estimated_as_long_as_it_runs(slow: StandIn) -> None:
    answer = slow.beside("tiny-a", prompt="w1", options={"num_predict": 20}, keep_alive=600)
    slow.wait_for(lambda: "tiny-a" in slow.residents())
    first, second = (slow.residents()["tiny-a"]["expires_at"] for dummy in range(2))
    assert answer.running
    assert epoch(second) > epoch(first)
    answer.result()


def test_loads_come_one_after_the_other_and_residents_answer_meanwhile(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_DEBUG="1")
    stand_in.generate("tiny-c", keep_alive=-1)
    stand_in.door.order("tune", load_seconds=2)
    loads = [stand_in.beside(name, keep_alive=-1) for name in ("tiny-a", "tiny-b")]
    stand_in.wait_for(lambda: len(stand_in.runners()) == 2)
    assert stand_in.generate("tiny-c", prompt="w1", options={"num_predict": 1})["status"] == 200
    assert set(stand_in.residents()) == {"tiny-c"}
    assert all(load.running for load in loads)
    assert [load.result()["status"] for load in loads] == [200, 200]
    lines = [line for line in stand_in.log_lines() if "starting llama-server" in line or "loaded runners" in line]
    assert ["starting" in line for line in lines] == [True, False] * 3


def test_load_waits_for_a_busy_runner_that_has_to_make_room(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_MAX_LOADED_MODELS="1", OLLAMA_STUB_TOKENS_PER_SECOND="10", OLLAMA_DEBUG="1")
    stand_in.generate("tiny-a", keep_alive=-1)
    answer = stand_in.beside("tiny-a", prompt="w1", options={"num_predict": 20})
    stand_in.wait_for(lambda: stand_in.door.order("users") == {"tiny-a:latest": 1})
    load = stand_in.beside("tiny-b", keep_alive=-1)
    stand_in.wait_for(lambda: any("no idle runners" in line for line in stand_in.log_lines()))
    assert left(stand_in.residents()["tiny-a"]) > FOR_EVER
    assert load.running
    assert answer.result()["json"]["eval_count"] == 20
    assert load.result()["status"] == 200
    assert set(stand_in.residents()) == {"tiny-b"}
    assert stand_in.counters()["evictions"] == {"tiny-a:latest": 1}


def test_idle_runner_goes_before_a_busy_one_of_a_shorter_keep_alive(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_MAX_LOADED_MODELS="2", OLLAMA_STUB_TOKENS_PER_SECOND="10")
    stand_in.generate("tiny-b", keep_alive=-1)
    answer = stand_in.beside("tiny-a", prompt="w1", options={"num_predict": 30}, keep_alive="1m")
    stand_in.wait_for(lambda: "tiny-a" in stand_in.residents())
    stand_in.generate("tiny-c", keep_alive="5m")
    assert answer.running
    assert set(stand_in.residents()) == {"tiny-a", "tiny-c"}


@pytest.mark.parametrize(
    ("keep_alives", "shortest"),
    [
        ({"tiny-a": "5m", "tiny-b": "10m", "tiny-c": "1m"}, {"tiny-c"}),
        ({"tiny-a": "1h", "tiny-b": "1h", "tiny-c": -1}, {"tiny-a", "tiny-b"}),  # equal: by the blob's path
        ({"tiny-a": -1, "tiny-b": -1, "tiny-c": -1}, {"tiny-a", "tiny-b", "tiny-c"}),
    ],
)
def test_order_of_eviction(stand_in: StandIn, keep_alives: dict[str, Any], shortest: set[str]) -> None:
    stand_in.run(OLLAMA_MAX_LOADED_MODELS="3")
    for name, keep_alive in keep_alives.items():
        stand_in.generate(name, keep_alive=keep_alive)
    stand_in.post("/api/embed", model="embed", keep_alive=-1)
    assert set(stand_in.residents()) == {*keep_alives, "embed"} - {min(shortest, key=stand_in.blob)}


def test_automatic_limit_is_three(stand_in: StandIn) -> None:
    stand_in.run()
    for name in ("tiny-a", "tiny-b", "tiny-c"):
        stand_in.generate(name, keep_alive=-1)
    stand_in.post("/api/embed", model="embed", keep_alive="1m")
    assert len(stand_in.residents()) == 3


def test_client_that_leaves_the_queue_costs_no_load(stand_in: StandIn) -> None:
    stand_in.run()
    stand_in.door.order("load", model="tiny-a", seconds=1)
    load = stand_in.beside("tiny-a", keep_alive=-1)
    stand_in.wait_for(lambda: stand_in.counters()["loads"] == {"tiny-a:latest": 1})
    gone = stand_in.caller.send("POST", "/api/generate", b'{"model": "tiny-b"}', abort_after=0.2).result
    assert gone == {"error": "ReadTimeout"}
    assert load.result()["status"] == 200
    stand_in.generate("tiny-c")
    assert stand_in.counters()["loads"] == {"tiny-a:latest": 1, "tiny-c:latest": 1}


def test_embedding_model_reloads_when_its_own_context_is_named(stand_in: StandIn) -> None:
    # llm/llama_server.go:DefaultEmbeddingNumBatchForContext: the batch follows the context that was
    # asked for, before it is capped, and a runner of another batch does not match
    stand_in.run()
    stand_in.post("/api/embed", model="embed", keep_alive=-1)
    stand_in.post("/api/embed", model="embed", keep_alive=-1, options={"num_ctx": 512})
    assert stand_in.counters()["reloads"] == {"embed:latest": 1}
    assert stand_in.residents()["embed"]["context_length"] == 512


@pytest.mark.parametrize(
    ("options", "reloads"),
    [
        ({"num_ctx": 4096}, 0),
        ({"num_ctx": 4097}, 1),
        ({"num_batch": 256}, 1),
        ({"num_thread": 2}, 1),
        ({"num_gpu": 1}, 1),
        ({"num_gpu": -1}, 0),
        ({"use_mmap": True}, 1),
        ({"use_mmap": False}, 0),
        ({"temperature": 0.5, "num_predict": 7, "seed": 3, "stop": ["x"]}, 0),
    ],
)
def test_which_options_reload(stand_in: StandIn, options: dict[str, Any], reloads: int) -> None:
    stand_in.run()
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.generate("tiny-a", keep_alive=-1, options=options)
    assert sum(stand_in.counters()["reloads"].values()) == reloads


def test_disabled_context_shift_reloads(stand_in: StandIn) -> None:
    stand_in.run()
    stand_in.generate("tiny-a", keep_alive=-1)
    stand_in.generate("tiny-a", keep_alive=-1, shift=False)
    assert stand_in.counters()["reloads"] == {"tiny-a:latest": 1}


def test_context_of_the_environment_and_of_the_model(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_CONTEXT_LENGTH="1024")
    stand_in.post("/api/create", model="made", **{"from": "tiny-b"}, parameters={"num_ctx": 512}, stream=False)
    stand_in.generate("tiny-a")
    stand_in.generate("made")
    assert {name: entry["context_length"] for name, entry in stand_in.residents().items()} == {
        "tiny-a": 1024,
        "made": 512,
    }


def test_hundreds_of_requests_at_once(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_NUM_PARALLEL="8")
    stand_in.generate("tiny-a", keep_alive=-1)
    asks = [stand_in.beside("tiny-a", prompt="w1", options={"num_predict": 2}) for dummy in range(300)]
    assert {ask.result()["status"] for ask in asks} == {200}
    assert stand_in.counters()["loads"] == {"tiny-a:latest": 1}
    assert stand_in.counters()["tokens"] == 600
