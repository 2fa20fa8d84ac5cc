# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault each, what the server holds while it lasts, and what one pass after its end makes of it. The server's own list, its processes
and its counts of loads are the judge, never the engine's word."""

from __future__ import annotations

import os
import pathlib
import signal
import threading
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.displacement import SetAside
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import PassResult
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import results as report
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import Deadlines, ServerFailure, ServerUnreachable
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from support.live_host import DEADLINES, LiveHost, actions, left
from support.values import policy

IMPATIENT = Deadlines(connect=5, answer=1, load=1)
# A load that hangs is given up, and the next one has the time that it takes on a busy machine.
GIVING_UP = Deadlines(connect=5, answer=30, load=10)
DECLARED = policy("tiny-a", "embed")
PINNED = {"tiny-a": "forever", "embed": "forever"}
ONE_LOAD_EACH = {"tiny-a:latest": 1, "embed:latest": 1}
SPOILT = ({"kind": "hang"}, {"kind": "truncate"}, {"kind": "status", "status": 500}, {"kind": "status", "status": 503})
HOURS = pytest.mark.parametrize("hours", [5, -5], ids=["ahead", "behind"])


def complaints(live: LiveHost, deadlines: Deadlines = DEADLINES) -> list[str]:
    """Why the host is not warm, by a pass over it."""
    try:
        return report.failures(live.run(DECLARED, deadlines=deadlines))
    except ServerFailure as failure:
        return [str(failure)]


def loads(live: LiveHost) -> dict[str, int]:
    """How often the server started a runner for each model."""
    counted: dict[str, int] = live.stand_in.counters()["loads"]
    return counted


@pytest.mark.parametrize("path", ["/api/ps", "/api/tags"])
@pytest.mark.parametrize("fault", [{"kind": "disconnect"}, *SPOILT], ids=str)
def test_a_server_whose_lists_cannot_be_had_is_asked_for_no_load(live: LiveHost, path: str, fault: dict[str, Any]) -> None:
    live.stand_in.run()
    live.stand_in.door.order("fault", path=path, count=-1, **fault)
    (sentence,) = complaints(live, IMPATIENT)
    assert "\n" not in sentence
    assert (loads(live), live.stand_in.runners()) == ({}, [])
    live.stand_in.door.order("clear")
    assert complaints(live) == []
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


@pytest.mark.parametrize("fault", SPOILT, ids=str)
def test_a_load_that_is_not_answered_costs_its_own_model_only_and_is_not_repeated_within_a_pass(live: LiveHost, fault: dict[str, Any]) -> None:
    live.stand_in.run()
    live.stand_in.door.order("fault", path="/api/generate", count=-1, **fault)
    (sentence,) = complaints(live, GIVING_UP)
    assert sentence.startswith("load of tiny-a failed: ")
    assert left(live)["embed"] == "forever"
    assert live.stand_in.counters()["requests"]["POST /api/generate"] == 1
    live.stand_in.door.order("clear")
    assert complaints(live) == []
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


def test_a_server_that_hangs_up_on_every_load_ends_the_pass(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("fault", kind="disconnect", path="/api/generate", count=-1)
    assert "no Ollama server answers" in complaints(live)[0]
    live.stand_in.door.order("clear")
    assert complaints(live) == []
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


@pytest.mark.parametrize("kind", ["truncate", "status", "disconnect"])
def test_while_no_card_can_be_read_nothing_is_loaded_twice(live: LiveHost, kind: str) -> None:
    live.stand_in.run()
    live.stand_in.door.order("fault", kind=kind, path="/api/show", count=-1)
    complaints(live)
    live.stand_in.door.order("clear")
    assert complaints(live) == []
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


def test_a_server_that_answers_slowly_is_only_slow(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("fault", kind="delay", seconds=0.2, count=-1)
    assert complaints(live) == []
    assert complaints(live) == []
    live.stand_in.door.order("clear")
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_server_that_is_down_is_unreachable_and_never_started(live: LiveHost, end: signal.Signals) -> None:
    live.stand_in.run()
    assert complaints(live) == []
    live.stand_in.end(end)
    with pytest.raises(ServerUnreachable):
        live.run(DECLARED, seeing=False)
    assert live.stand_in.runners() == []
    live.stand_in.restart()
    assert left(live) == {}
    assert complaints(live) == []
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


def test_a_server_that_was_stopped_by_a_signal_is_named(live: LiveHost) -> None:
    live.stand_in.run()
    server = live.stand_in._process.pid
    os.kill(server, signal.SIGSTOP)
    try:
        live.stand_in.wait_for(lambda: process_state(server) == "T")
        (sentence,) = complaints(live, IMPATIENT)
    finally:
        os.kill(server, signal.SIGCONT)
    assert sentence.endswith(f": its process {server} was stopped (SIGSTOP), and kill -CONT {server} lets it go on")


def test_a_server_restarted_in_mid_load_has_everything_after_the_next_pass(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("load", model="tiny-a", seconds=60)

    def operator() -> None:
        live.stand_in.wait_for(lambda: len(live.stand_in.runners()) == 1)
        live.stand_in.end(signal.SIGKILL)

    beside = threading.Thread(target=operator)
    beside.start()
    with pytest.raises(ServerUnreachable):
        live.run(DECLARED, seeing=False)
    beside.join()
    live.stand_in.restart()
    assert complaints(live) == []
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


def test_memory_that_others_take_costs_no_pin_its_place(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_STUB_VRAM="8MiB")
    declared = policy("tiny-a", "tiny-b")
    live.run(declared)
    runners = live.stand_in.runners()
    live.stand_in.door.order("hardware", taken_by_others="6MiB")
    assert report.failures(live.run(declared)) == []
    assert (left(live), live.stand_in.runners()) == ({"tiny-a": "forever", "tiny-b": "forever"}, runners)


def test_after_a_restart_into_less_memory_the_first_declared_stays_and_the_other_is_named(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_STUB_VRAM="8MiB")
    declared = policy("tiny-a", "tiny-b")
    live.run(declared)
    live.stand_in.restart()
    live.stand_in.door.order("hardware", taken_by_others="4MiB")
    (sentence,) = report.failures(live.run(declared))
    assert sentence.startswith("tiny-b was set aside: loading it cost tiny-a")
    live.stand_in.wait_for(lambda: left(live) == {"tiny-a": "forever"})
    before = loads(live)
    aside = History(set_aside={ModelName.parse("tiny-b"): SetAside(("tiny-a:latest",), {"tiny-a:latest": 0})})
    live.run(declared, history=aside)
    assert (left(live), loads(live)) == ({"tiny-a": "forever"}, before)


def test_a_lost_gpu_is_told_and_nothing_is_reloaded_for_it(live: LiveHost) -> None:
    live.stand_in.run()
    declared = policy({"name": "tiny-a", "min_gpu_percent": 100})
    live.run(declared)
    runners = live.stand_in.runners()
    live.stand_in.door.order("hardware", gpu_share=0)
    result = live.run(declared)
    assert live.stand_in.residents()["tiny-a"]["size_vram"] == 0
    assert "runs entirely on the CPU" in report.warnings(result)[0]
    assert report.failures(result, strict=True) != []
    assert (left(live), live.stand_in.runners()) == ({"tiny-a": "forever"}, runners)


def test_a_deleted_model_is_missing_and_its_runner_left_alone(live: LiveHost) -> None:
    live.stand_in.run()
    live.run(DECLARED)
    runners = live.stand_in.runners()
    live.stand_in.post("/api/copy", source="tiny-a", destination="kept")
    live.stand_in.caller.send("DELETE", "/api/delete", b'{"model":"tiny-a"}')
    assert complaints(live) == ["tiny-a is not installed on the server: pull or create it first (ollama_model, or ollama pull tiny-a:latest)"]
    assert (left(live), live.stand_in.runners()) == (PINNED, runners)
    live.stand_in.post("/api/copy", source="kept", destination="tiny-a")
    assert complaints(live) == []
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


def installed_digest(live: LiveHost, name: str) -> str:
    digests = {model["name"]: model["digest"] for model in live.stand_in.caller.send_json("GET", "/api/tags")["models"]}
    return str(digests[f"{name}:latest"])


def resident_digests(live: LiveHost) -> list[str]:
    return [entry["digest"] for entry in live.stand_in.caller.send_json("GET", "/api/ps")["models"]]


def test_new_weights_under_a_name_are_loaded_once_and_the_old_ones_told(live: LiveHost) -> None:
    """No name leads to the old ones any more."""
    live.stand_in.run()
    live.run(DECLARED)
    live.stand_in.post("/api/copy", source="tiny-b", destination="tiny-a")
    for _pass in range(2):
        result = live.run(DECLARED)
        assert report.failures(result) == []
        assert [text for text in report.warnings(result) if text.startswith("the older weights of tiny-a stay in memory")]
    assert installed_digest(live, "tiny-a") in resident_digests(live)
    assert sum(loads(live).values()) == 3
    live.stand_in.restart()
    assert complaints(live) == []
    assert resident_digests(live).count(installed_digest(live, "tiny-a")) == 1


def test_old_weights_that_a_copy_still_names_are_let_go_for_the_new_ones(live: LiveHost) -> None:
    live.stand_in.run()
    live.run(DECLARED)
    old = installed_digest(live, "tiny-a")
    live.stand_in.post("/api/copy", source="tiny-a", destination="kept")
    live.stand_in.post("/api/copy", source="tiny-b", destination="tiny-a")
    assert complaints(live) == []
    stays = {entry["digest"]: entry["expires_at"] for entry in live.stand_in.caller.send_json("GET", "/api/ps")["models"]}
    assert stays[installed_digest(live, "tiny-a")] > "2300"
    assert stays[old] < "2300", "it leaves in the time that what is not declared any more has"


@pytest.mark.parametrize("limit", ["1", "2"])
def test_new_weights_are_loaded_where_the_old_ones_have_to_make_place(live: LiveHost, limit: str) -> None:
    live.stand_in.run(OLLAMA_MAX_LOADED_MODELS=limit)
    declared = policy(*["tiny-a", "embed"][: int(limit)])
    live.run(declared)
    live.stand_in.post("/api/copy", source="tiny-b", destination="tiny-a")
    live.run(declared)
    assert installed_digest(live, "tiny-a") in resident_digests(live)
    assert sum(loads(live).values()) <= int(limit) + 3


def test_a_runner_that_was_stopped_is_replaced_and_the_next_request_answered_at_once(live: LiveHost) -> None:
    live.stand_in.run()
    live.run(DECLARED)
    (runner,) = (pid for pid in live.stand_in.runners() if "T" not in process_state(pid) and serves(live, pid, "tiny-a"))
    os.kill(runner, signal.SIGSTOP)
    live.stand_in.wait_for(lambda: process_state(runner) == "T")
    result = live.run(DECLARED)
    assert [progress.first.drift for progress in result.models] == [("hung_runner",), ()]
    assert report.failures(result) == []
    assert not os.path.exists(f"/proc/{runner}")
    before = loads(live)
    assert before == {"tiny-a:latest": 2, "embed:latest": 1}
    live.stand_in.generate("tiny-a")
    assert (left(live), loads(live)) == (PINNED, before)


def process_state(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def serves(live: LiveHost, pid: int, name: str) -> bool:
    modelfile = live.stand_in.post("/api/show", model=name)["json"]["modelfile"]
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("sha256-")[1][:64] in modelfile


@HOURS
def test_a_clock_hours_off_changes_no_stay(live: LiveHost, hours: int) -> None:
    live.stand_in.run(OLLAMA_STUB_CLOCK_SKEW=str(hours * 3600))
    declared = policy("tiny-a", {"name": "embed", "policy": "warm", "keep_alive": "30m"})
    warmed = History(warmed=frozenset({ModelName.parse("embed")}))
    live.run(declared)
    assert left(live) == {"tiny-a": "forever", "embed": "30m"}
    assert actions(live.run(declared, history=warmed)) == {"tiny-a": "none", "embed": "none"}
    live.stand_in.generate("tiny-a", keep_alive="5m")
    assert actions(live.run(declared, history=warmed)) == {"tiny-a": "set_expiry", "embed": "none"}
    assert (left(live), loads(live)) == ({"tiny-a": "forever", "embed": "30m"}, ONE_LOAD_EACH)


@HOURS
def test_a_clock_that_is_set_while_it_runs_costs_no_load(live: LiveHost, hours: int) -> None:
    live.stand_in.run()
    live.run(DECLARED)
    live.stand_in.door.order("clock", skew=hours * 3600)
    assert set(actions(live.run(DECLARED)).values()) == {"none"}
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)


def test_a_pin_that_a_client_pushed_out_is_back_and_the_client_gone(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_MAX_LOADED_MODELS="2", OLLAMA_KEEP_ALIVE="5m")
    assert complaints(live) == []
    live.stand_in.generate("tiny-c")
    live.stand_in.wait_for(lambda: len(left(live)) == 2)
    assert left(live)["tiny-c"] == "5m"
    assert complaints(live) == []
    assert left(live) == PINNED
    assert sum(loads(live).values()) == 4


def test_two_passes_at_once_over_a_load_longer_than_their_period_load_once(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("load", model="tiny-a", seconds=3)
    results: list[PassResult] = []
    first = threading.Thread(target=lambda: results.append(live.run(DECLARED, seeing=False)))
    first.start()
    live.stand_in.wait_for(lambda: len(live.stand_in.runners()) == 1)
    results.append(live.run(DECLARED))
    first.join()
    assert [report.failures(result) for result in results] == [[], []]
    assert (left(live), loads(live)) == (PINNED, ONE_LOAD_EACH)
