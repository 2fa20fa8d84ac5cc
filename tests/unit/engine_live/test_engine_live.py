# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes over a running server. What is resident is asked of the server itself, never of the engine."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import results
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import Deadlines, ServerFailure, ServerUnreachable
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from support.live_host import LiveHost, actions, contexts, left
from support.values import policy

seen_or_not = pytest.mark.parametrize("seeing", [True, False], ids=["processes seen", "unseen"])


@seen_or_not
def test_models_of_both_kinds_are_made_resident_and_a_second_pass_loads_nothing(live: LiveHost, seeing: bool) -> None:
    live.stand_in.run()
    declared = policy("tiny-a", {"name": "embed", "num_ctx": 2048}, {"name": "tiny-b", "num_ctx": 1024})
    first = live.run(declared, seeing=seeing)
    assert results.failures(first) == []
    assert left(live) == {"tiny-a": "forever", "embed": "forever", "tiny-b": "forever"}
    assert contexts(live) == {"tiny-a": 4096, "embed": 512, "tiny-b": 1024}
    runners = live.stand_in.runners()
    assert len(runners) == 3
    second = live.run(declared, seeing=seeing)
    assert results.failures(second) == []
    assert not any(progress.changed for progress in second.models)
    assert live.stand_in.runners() == runners


def test_a_healthy_pass_sends_two_requests_and_the_cards_of_what_is_declared(live: LiveHost) -> None:
    live.stand_in.run()
    declared = policy("tiny-a", "tiny-b")
    live.run(declared)
    live.stand_in.door.counters(reset=True)
    live.run(declared)
    asked = live.stand_in.counters()["requests"]
    assert {route.split()[-1] for route in asked} == {"/api/ps", "/api/tags", "/api/show"}


@seen_or_not
def test_a_killed_runner_is_replaced(live: LiveHost, seeing: bool) -> None:
    live.stand_in.run()
    declared = policy("tiny-a", {"name": "tiny-b", "num_ctx": 1024})
    live.run(declared)
    assert live.stand_in.kill_runners() == 2
    assert left(live) == {"tiny-a": "forever", "tiny-b": "forever"}, "the server goes on listing them"
    result = live.run(declared, seeing=seeing)
    assert results.failures(result) == []
    assert set(actions(result).values()) == {"revive" if seeing else "probe"}
    assert len(live.stand_in.runners()) == 2
    assert left(live) == {"tiny-a": "forever", "tiny-b": "forever"}
    assert contexts(live) == {"tiny-a": 4096, "tiny-b": 1024}


def test_a_killed_runner_of_an_embedding_model_is_replaced(live: LiveHost) -> None:
    live.stand_in.run()
    live.run(policy("embed"))
    live.stand_in.kill_runners()
    assert results.failures(live.run(policy("embed"))) == []
    assert len(live.stand_in.runners()) == 1


@seen_or_not
def test_an_expiry_that_a_client_shortened_is_put_back_without_a_load(live: LiveHost, seeing: bool) -> None:
    live.stand_in.run()
    live.stand_in.generate("tiny-a", keep_alive="5m", options={"num_ctx": 2048})
    live.stand_in.post("/api/embed", model="embed", keep_alive="7m")
    runners = live.stand_in.runners()
    assert left(live) == {"tiny-a": "5m", "embed": "7m"}
    result = live.run(policy("tiny-a", "embed"), seeing=seeing)
    assert actions(result) == {"tiny-a": "set_expiry", "embed": "set_expiry"}
    assert left(live) == {"tiny-a": "forever", "embed": "forever"}
    assert live.stand_in.runners() == runners
    assert contexts(live)["tiny-a"] == 2048


def test_another_context_is_reported_and_reloaded_only_if_that_was_asked_for(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.generate("tiny-a", keep_alive=-1, options={"num_ctx": 2048})
    wanted = {"name": "tiny-a", "num_ctx": 8192}
    assert "has the context 2048 instead of 8192" in results.warnings(live.run(policy(wanted)))[0]
    assert contexts(live) == {"tiny-a": 2048}
    result = live.run(policy(wanted, context_mismatch="reload"))
    assert (actions(result), contexts(live), left(live)) == ({"tiny-a": "reload"}, {"tiny-a": 8192}, {"tiny-a": "forever"})


def test_an_unloaded_model_and_a_restarted_server_are_warmed_anew(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_KEEP_ALIVE="2m")
    declared = policy("tiny-a", "tiny-b")
    live.run(declared)
    live.stand_in.generate("tiny-a", keep_alive=0)
    live.stand_in.wait_for(lambda: "tiny-a" not in live.stand_in.residents())
    assert actions(live.run(declared)) == {"tiny-a": "load", "tiny-b": "none"}
    live.stand_in.restart()
    assert left(live) == {}
    assert actions(live.run(declared)) == {"tiny-a": "load", "tiny-b": "load"}
    assert left(live) == {"tiny-a": "forever", "tiny-b": "forever"}


def test_of_more_pins_than_fit_the_first_declared_stays(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_MAX_LOADED_MODELS="1")
    result = live.run(policy("tiny-a", "tiny-b"))
    assert left(live) == {"tiny-a": "forever"}
    (sentence,) = results.failures(result)
    assert sentence.startswith("tiny-b was set aside: loading it cost tiny-a")


def test_a_stray_that_ranks_equal_to_a_pin_goes_first_once_it_was_told(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_MAX_LOADED_MODELS="2", OLLAMA_KEEP_ALIVE="-1")
    live.stand_in.generate("tiny-c")
    live.run(policy("tiny-a", undeclared_keep_alive="10m"))
    assert left(live) == {"tiny-a": "forever", "tiny-c": "10m"}
    live.run(policy("tiny-a", "tiny-b", undeclared_keep_alive="10m"))
    assert left(live) == {"tiny-a": "forever", "tiny-b": "forever"}


def test_a_model_taken_off_the_list_is_given_back(live: LiveHost) -> None:
    live.stand_in.run()
    live.run(policy("tiny-a", "embed"))
    before = History(pinned=frozenset({ModelName.parse("embed")}))
    live.run(policy("tiny-a"), history=before)
    assert left(live) == {"tiny-a": "forever", "embed": "5m"}
    live.run(policy("tiny-a", release="unload"), history=before)
    live.stand_in.wait_for(lambda: left(live) == {"tiny-a": "forever"})


def test_a_copy_that_was_loaded_first_stands_for_the_model(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.post("/api/copy", source="tiny-a", destination="alias")
    live.stand_in.generate("alias", keep_alive="5m")
    result = live.run(policy("tiny-a"))
    assert (actions(result), results.failures(result)) == ({"tiny-a": "set_expiry"}, [])
    assert left(live) == {"alias": "forever"}
    twins = live.run(policy("tiny-a", "alias"))
    assert results.failures(twins) == ["alias and tiny-a are two names of the same weights, which share one runner: keep one"]
    assert len(live.stand_in.runners()) == 1


def test_a_deleted_copy_that_holds_the_weights_does_not_hold_up_the_pass(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.post("/api/copy", source="tiny-a", destination="alias")
    live.stand_in.generate("alias", keep_alive=-1)
    live.stand_in.caller.send("DELETE", "/api/delete", b'{"model":"alias"}')
    result = live.run(policy("tiny-a"))
    assert results.failures(result) == []
    assert len(live.stand_in.runners()) == 1


def test_a_warm_model_is_loaded_with_its_own_stay_and_brought_down_to_it(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_KEEP_ALIVE="-1")
    declared = policy({"name": "tiny-a", "policy": "warm", "keep_alive": "30m"})
    live.run(declared)
    assert left(live) == {"tiny-a": "30m"}
    live.stand_in.generate("tiny-a", keep_alive=-1)
    result = live.run(declared, history=History(warmed=frozenset({ModelName.parse("tiny-a")})))
    assert (actions(result), left(live)) == ({"tiny-a": "set_expiry"}, {"tiny-a": "30m"})


def test_a_busy_models_new_expiry_shows_once_it_is_idle(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_STUB_TOKENS_PER_SECOND="50")
    live.stand_in.generate("tiny-a", keep_alive="5m")
    answer = live.stand_in.lines("/api/generate", model="tiny-a", prompt="w1", options={"num_predict": 100}, stream=True)
    next(answer)
    runners = live.stand_in.runners()
    result = live.run(policy("tiny-a"))
    assert (actions(result), results.failures(result)) == ({"tiny-a": "set_expiry"}, [])
    assert list(answer)[-1]["done"] is True
    live.stand_in.wait_for(lambda: left(live) == {"tiny-a": "forever"})
    assert live.stand_in.runners() == runners


def test_a_client_that_ends_a_pin_in_mid_answer_is_undecided_and_then_put_back(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_STUB_TOKENS_PER_SECOND="50")
    live.run(policy("tiny-a"))
    answer = live.stand_in.beside("tiny-a", prompt="w1", keep_alive="5m", options={"num_predict": 50})
    live.stand_in.wait_for(lambda: not answer.running)
    live.stand_in.wait_for(lambda: left(live) == {"tiny-a": "5m"})
    live.run(policy("tiny-a"))
    assert left(live) == {"tiny-a": "forever"}


def test_a_load_that_somebody_else_began_is_waited_for(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("load", model="tiny-a", seconds=4)
    theirs = live.stand_in.beside("tiny-a", keep_alive="5m")
    live.stand_in.wait_for(lambda: len(live.stand_in.runners()) == 1)
    runners = live.stand_in.runners()
    result = live.run(policy("tiny-a"))
    assert result.models[0].first.drift == ("loading",)
    assert (actions(result), left(live)) == ({"tiny-a": "set_expiry"}, {"tiny-a": "forever"})
    assert live.stand_in.runners() == runners
    assert theirs.result()["status"] == 200


def test_a_model_that_cannot_be_loaded_does_not_hold_up_the_others(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("load", model="tiny-a", failure="cudaMalloc failed: out of memory", count=9)
    result = live.run(policy("tiny-a", "tiny-b", "nowhere"))
    assert left(live) == {"tiny-b": "forever"}
    refused, missing = results.failures(result)
    assert refused.startswith("load of tiny-a failed: POST /api/generate at http://127.0.0.1:")
    assert "cudaMalloc failed: out of memory" in refused
    assert missing == "nowhere is not installed on the server: pull or create it first (ollama_model, or ollama pull nowhere:latest)"


def test_a_load_beyond_its_deadline_is_given_up_and_aborted(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("load", model="tiny-a", seconds=60)
    result = live.run(policy("tiny-a", "tiny-b"), deadlines=Deadlines(connect=5, answer=30, load=1))
    assert left(live) == {"tiny-b": "forever"}
    assert "was not answered within 1 s" in results.failures(result)[0]
    assert len(live.stand_in.runners()) == 1


def test_while_a_long_load_runs_an_expiry_is_put_back(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.generate("tiny-b", keep_alive=-1)
    live.stand_in.door.order("load", model="tiny-a", seconds=2)
    load = live.stand_in.beside("tiny-b", keep_alive=-1)
    assert load.result()["status"] == 200

    def client() -> None:
        live.stand_in.wait_for(lambda: len(live.stand_in.runners()) == 2)
        live.stand_in.generate("tiny-b", keep_alive="5m")
        live.stand_in.wait_for(lambda: left(live).get("tiny-b") == "forever")
        order.append("put back")

    order: list[str] = []
    beside = threading.Thread(target=client)
    beside.start()
    live.run(policy("tiny-b", "tiny-a"))
    order.append("pass over")
    beside.join()
    assert order == ["put back", "pass over"]
    assert left(live) == {"tiny-a": "forever", "tiny-b": "forever"}


def test_new_weights_under_a_pins_name_are_loaded(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.post("/api/copy", source="tiny-a", destination="model")
    live.run(policy("model"))
    live.stand_in.post("/api/copy", source="tiny-b", destination="model")
    result = live.run(policy("model"))
    assert (result.models[0].first.drift, result.models[0].action, results.failures(result)) == (("stale_digest",), "load", [])
    loads = live.stand_in.counters()["loads"]
    live.stand_in.generate("model")
    assert live.stand_in.counters()["loads"] == loads, "a request to it waits for nothing"


def test_a_server_that_ends_during_a_load_ends_the_pass(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("load", model="tiny-a", seconds=60)

    def operator() -> None:
        live.stand_in.wait_for(lambda: len(live.stand_in.runners()) == 1)
        live.stand_in.stop()

    beside = threading.Thread(target=operator)
    beside.start()
    with pytest.raises(ServerUnreachable):
        live.run(policy("tiny-a", "tiny-b"), seeing=False)
    beside.join()


def test_an_answer_that_breaks_off_costs_one_model_its_load(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("fault", kind="truncate", path="/api/generate")
    (sentence,) = results.failures(live.run(policy("tiny-a", "tiny-b")))
    assert sentence.startswith("load of tiny-a failed: the server at http://127.0.0.1:")
    assert left(live)["tiny-b"] == "forever"


@pytest.mark.parametrize("kind", ["disconnect", "truncate", "status"])
def test_a_list_that_cannot_be_had_ends_the_pass_with_one_sentence(live: LiveHost, kind: str) -> None:
    live.stand_in.run()
    live.stand_in.door.order("fault", kind=kind, path="/api/ps")
    with pytest.raises(ServerFailure) as failed:
        live.run(policy("tiny-a"))
    assert "\n" not in str(failed.value)
    assert left(live) == {}


def test_a_busy_queue_costs_nothing_but_a_sentence(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.door.order("fault", kind="status", path="/api/generate", status=503, message="server busy, please try again.")
    (sentence,) = results.failures(live.run(policy("tiny-a", "tiny-b")))
    assert sentence.endswith("answered 503: server busy, please try again.")
    assert left(live) == {"tiny-b": "forever"}
