# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ordered troubles, counts, and the tuning of a running stand-in."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from ollama_stub.control_client import ControlError
from running_stand_in import StandIn


@pytest.fixture
def running(stand_in: StandIn) -> StandIn:
    stand_in.run()
    return stand_in


def test_version_and_log_say_what_it_is(running: StandIn) -> None:
    assert "stand-in" in running.caller.send_json("GET", "/api/version")["stand_in"]
    assert any("level=WARN" in line and "this is not Ollama" in line for line in running.log_lines())


def test_it_can_claim_another_version(stand_in: StandIn) -> None:
    stand_in.run(OLLAMA_STUB_VERSION="0.9.6")
    assert stand_in.caller.send_json("GET", "/api/version")["version"] == "0.9.6"
    assert any("(version 0.9.6)" in line for line in stand_in.log_lines())


def test_door_is_closed_unless_it_is_named(stand_in: StandIn) -> None:
    stand_in.start({})
    with pytest.raises(FileNotFoundError):
        stand_in.counters()


def test_look_at_the_residents_is_counted_and_loads_nothing(running: StandIn) -> None:
    running.generate("tiny-a", keep_alive=-1)
    running.door.counters(reset=True)
    running.residents()
    running.caller.send("GET", "/api/tags")
    counted = running.counters()
    assert counted["requests"] == {"GET /api/ps": 1, "GET /api/tags": 1}
    assert counted["loads"] == counted["reloads"] == counted["unloads"] == {}
    assert counted["tokens"] == 0


@pytest.mark.parametrize("status", [500, 503])
def test_error_is_for_as_many_requests_to_the_path_as_ordered(running: StandIn, status: int) -> None:
    running.door.order("fault", kind="status", path="/api/ps", status=status, count=2)
    paths = ["/api/ps", "/api/tags", "/api/ps", "/api/ps"]
    assert [running.caller.send("GET", path).result["status"] for path in paths] == [status, 200, status, 200]


def test_hang_lasts_until_the_client_goes(running: StandIn) -> None:
    running.door.order("fault", kind="hang", path="/api/ps")
    assert running.caller.send("GET", "/api/ps", abort_after=0.3).result == {"error": "ReadTimeout"}
    assert running.caller.send("GET", "/api/ps").result["status"] == 200


def test_delayed_answer_comes(running: StandIn) -> None:
    running.door.order("fault", kind="delay", path="/api/ps", seconds=0.5)
    assert running.caller.send("GET", "/api/ps", abort_after=0.2).result == {"error": "ReadTimeout"}
    running.door.order("fault", kind="delay", path="/api/ps", seconds=0.1)
    assert running.caller.send("GET", "/api/ps").result["status"] == 200


@pytest.mark.parametrize(
    ("kind", "path", "error"),
    [
        ("truncate", "/api/tags", "IncompleteRead"),
        ("disconnect", "/api/tags", "RemoteDisconnected"),
    ],
)
def test_broken_answer(running: StandIn, kind: str, path: str, error: str) -> None:
    running.door.order("fault", kind=kind, path=path)
    assert running.ask_beside("GET", path).result() == {"error": error}


def test_truncated_stream_breaks_off_after_its_first_line(running: StandIn) -> None:
    running.door.order("fault", kind="truncate", path="/api/generate")
    body = b'{"model": "tiny-a", "prompt": "w1", "options": {"num_predict": 9}}'
    assert running.ask_beside("POST", "/api/generate", body).result() == {"error": "IncompleteRead"}


def test_faults_can_be_forgotten(running: StandIn) -> None:
    running.door.order("fault", kind="status", count=-1)
    assert running.caller.send("GET", "/").result["status"] == 500
    assert running.door.order("clear") == {"requests": [], "loads": []}
    assert running.caller.send("GET", "/").result["status"] == 200


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"do": "dance"}, "'dance' is no command: use one of counters, fault, load"),
        ({"do": "fault", "kind": "fire"}, "'fire' is no kind of fault: use one of hang, delay"),
        ({"do": "hardware", "vram": "much"}, "'much' is no size: write for example 24GiB"),
    ],
)
def test_refused_order(running: StandIn, order: dict[str, str], error: str) -> None:
    with pytest.raises(ControlError) as refused:
        running.door.order(**order)
    assert str(refused.value).startswith(error)


def test_speed_can_be_changed(running: StandIn) -> None:
    assert running.door.order("tune", tokens_per_second=2000) == {
        "load_seconds": None,
        "tokens_per_second": 2000.0,
    }
    running.generate("big", prompt="w1", options={"num_predict": 100})
    (pid,) = running.runners()
    assert "OLLAMA_STUB_RUNNER_TOKENS_PER_SECOND=2000.0" in running.environment_of(pid)


def test_start_can_take_its_time_while_clients_can_connect(stand_in: StandIn) -> None:
    # server/routes.go:Serve: the socket is bound long before the first answer
    stand_in.run(OLLAMA_STUB_START_SECONDS="1")
    lines = [line for line in stand_in.log_lines() if "Listening on" in line or "inference compute" in line]
    assert ["Listening" in line for line in lines] == [True, False]


@pytest.mark.parametrize("skew", [18000, -18000])
def test_its_clock_can_be_hours_beside_the_hosts_and_be_set_while_it_runs(stand_in: StandIn, skew: int) -> None:
    stand_in.run(OLLAMA_STUB_CLOCK_SKEW=str(skew))
    assert (_hours_ahead(stand_in), _minutes_left(stand_in)) == (skew / 3600, 5)
    stand_in.door.order("clock", skew=-7200)
    assert (_hours_ahead(stand_in), _minutes_left(stand_in)) == (-2, 5)


def _hours_ahead(stand_in: StandIn) -> float:
    """Of its Date header, before the host's clock."""
    return round((stand_in.caller.send("GET", "/api/version").now - time.time()) / 3600, 1)


def _minutes_left(stand_in: StandIn) -> int:
    """Of what is loaded for five, by its own clock."""
    stand_in.generate("tiny-a", keep_alive="5m")
    answer = stand_in.caller.send("GET", "/api/ps")
    expiry = datetime.fromisoformat(answer.result["json"]["models"][0]["expires_at"][:19] + "+00:00")
    return round((expiry.timestamp() - answer.now) / 60)
