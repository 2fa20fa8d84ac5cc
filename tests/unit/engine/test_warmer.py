# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass against a server in memory: what is asked in which order, when it stops, and what it claims in the end."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any, Callable

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.displacement import SetAside
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.pace import Pace
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import PassResult, Progress
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History, Plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.execute.warmer import Warmer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import results
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import (
    ServerBusy,
    ServerFailure,
    ServerRefused,
    ServerSilent,
    ServerTooOld,
    ServerUnreachable,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.observer import Observer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.past import Cause, Past
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy
from support.fake_server import FakeServer, Installed, SeeingObserver, serving
from support.values import policy

PACE = Pace(verify=15, loading=900, look=0.25, repin=30)
WARM_A = {"name": "a", "policy": "warm", "keep_alive": "30m"}


def warmer(server: FakeServer, declared: Policy, seeing: bool = True, pace: Pace = PACE, **others: Any) -> Warmer:
    observer = (SeeingObserver if seeing else Observer)(server, declared)  # type: ignore[arg-type]
    return Warmer(observer, declared, pace=pace, clock=server.clock, **others)


def predict(server: FakeServer, declared: Policy) -> Plan:
    return make_plan(declared, SeeingObserver(server, declared).look())  # type: ignore[arg-type]


def run(server: FakeServer, declared: Policy, **others: Any) -> PassResult:
    return warmer(server, declared, **others).run()


def by_name(result: PassResult) -> dict[str, Progress]:
    return {progress.model.declared: progress for progress in result.models}


def actions(result: PassResult) -> dict[str, str]:
    return {name: progress.action for name, progress in by_name(result).items()}


def resident(result: PassResult) -> dict[str, bool | None]:
    return {name: progress.resident for name, progress in by_name(result).items()}


def names(*texts: str) -> frozenset[ModelName]:
    return frozenset(ModelName.parse(text) for text in texts)


# Nothing to do.


def test_a_healthy_server_is_asked_for_its_lists_and_nothing_else() -> None:
    server = serving("abc")
    for name in "ab":
        server.hold(name)
    declared = policy("a", "b")
    cards = SeeingObserver(server, declared)  # type: ignore[arg-type]
    cards.look()
    server.calls.clear()
    result = Warmer(cards, declared, pace=PACE, clock=server.clock).run()
    assert server.calls == ["ps", "tags"]
    assert server.clock.seconds == 0
    assert resident(result) == {"a": True, "b": True}
    assert not any(progress.changed for progress in result.models)


def test_a_pass_needs_to_be_told_no_pace_no_past_and_no_clock() -> None:
    server = serving("a")
    server.hold("a")
    result = Warmer(SeeingObserver(server, policy("a")), policy("a")).run()  # type: ignore[arg-type]
    assert resident(result) == {"a": True}


def test_a_prediction_changes_nothing() -> None:
    server = serving("ab")
    server.hold("b", "5m")
    plan = predict(server, policy("a", "b"))
    assert [verdict.action for verdict in plan.verdicts] == ["load", "set_expiry"]
    assert server.work() == []


@pytest.mark.parametrize(
    "state",
    [
        lambda server: server.loaded.clear(),
        lambda server: server.hold("a"),
        lambda server: server.hold("a", "5m"),
        lambda server: (server.hold("a"), server.kill("a")),
        lambda server: server.hold("a", -1, 2048),
    ],
    ids=["cold", "resident", "ending", "dead", "other context"],
)
@pytest.mark.parametrize("declared", ["a", {"name": "a", "num_ctx": 8192}, WARM_A], ids=["pin", "pin with a context", "warm"])
def test_what_a_prediction_says_is_what_a_pass_does(state: Callable[[FakeServer], Any], declared: Any) -> None:
    wanted = policy(declared, context_mismatch="reload")
    servers = serving("a"), serving("a")
    for server in servers:
        state(server)
    (predicted,) = predict(servers[0], wanted).verdicts
    (done,) = run(servers[1], wanted).models
    assert done.action == predicted.action
    assert done.changed is (predicted.action != "none")
    assert done.resident is True


# Loading.


def test_models_are_loaded_one_by_one_in_declared_order() -> None:
    server = serving("abc")
    result = run(server, policy("c", "a", "b"))
    assert server.work() == ["generate c:latest -1", "generate a:latest -1", "generate b:latest -1"]
    assert resident(result) == {"c": True, "a": True, "b": True}
    assert {progress.load_seconds for progress in result.models} == {2.0}


def test_every_kind_of_model_is_loaded_at_its_own_endpoint_with_its_own_stay() -> None:
    server = FakeServer([Installed("chat"), Installed("embed", embeds=True, training=512), Installed("big")])
    run(server, policy({"name": "chat", "num_ctx": 8192}, {"name": "embed", "num_ctx": 2048}, {"name": "big", "policy": "warm", "keep_alive": "90s"}))
    assert server.work() == ["generate chat:latest -1 num_ctx 8192", "embed embed:latest -1 num_ctx 2048", "generate big:latest 90s"]


def test_expiries_are_put_back_before_anything_is_loaded() -> None:
    server = serving("abc")
    server.hold("c", "5m")
    server.hold("b", "5m")
    run(server, policy("a", "b", "c"))
    assert server.work() == ["generate b:latest -1 num_ctx 4096", "generate c:latest -1 num_ctx 4096", "generate a:latest -1"]


def test_a_dead_runner_is_revived_with_its_context_and_for_ever() -> None:
    server = serving("a")
    server.hold("a", -1, 8192)
    server.kill("a")
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1 num_ctx 8192"]
    assert (actions(result), resident(result)) == ({"a": "revive"}, {"a": True})
    assert by_name(result)["a"].changed


def test_a_second_pass_does_nothing() -> None:
    server = serving("abc")
    declared = policy("a", {"name": "b", "num_ctx": 512}, {"name": "c", "policy": "warm", "keep_alive": "30m"}, undeclared_keep_alive="5m")
    run(server, declared)
    server.calls.clear()
    result = run(server, declared, history=History(warmed=names("c")))
    assert server.work() == []
    assert not any(progress.changed for progress in result.models)


def test_another_context_is_reloaded_only_if_that_was_asked_for() -> None:
    for wish, work in (("report", []), ("reload", ["generate a:latest -1 num_ctx 8192"])):
        server = serving("a")
        server.hold("a")
        result = run(server, policy({"name": "a", "num_ctx": 8192}, context_mismatch=wish))
        assert server.work() == work
        assert resident(result) == {"a": True}


@pytest.mark.parametrize("failure", [ServerRefused("500 no", 500, "no"), ServerBusy("503", 503, "busy"), ServerSilent("900 s")])
def test_a_model_that_fails_does_not_hold_up_the_others(failure: ServerFailure) -> None:
    server = serving("abc", failing={"a": failure})
    result = run(server, policy("a", "b", "c"))
    assert [call.split()[1] for call in server.work()] == ["a:latest", "b:latest", "c:latest"]
    assert resident(result) == {"a": False, "b": True, "c": True}
    assert by_name(result)["a"].failure == f"load of a failed: {failure}"
    assert not by_name(result)["a"].changed


def test_a_model_that_is_refused_does_not_hold_up_the_others() -> None:
    server = serving("ab")
    result = run(server, policy("missing", "a"))
    assert [call.split()[1] for call in server.work()] == ["a:latest"]
    assert resident(result) == {"missing": False, "a": True}
    assert results.failures(result) == ["missing is not installed on the server: pull or create it first (ollama_model, or ollama pull missing:latest)"]


def test_a_load_that_leaves_nothing_behind_is_tried_once() -> None:
    """The server said yes, and the model is not there: memory, or a client that unloads it."""
    server = serving("a")
    server.on_look.append(lambda there: there.loaded.clear())
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1"]
    assert resident(result) == {"a": False}
    assert results.failures(result)[0].startswith("a is not in memory")
    assert server.clock.seconds == pytest.approx(2 + PACE.verify, abs=2)


def test_a_server_that_is_gone_ends_the_pass() -> None:
    for looks_before in (0, 1, 2):
        server = serving("ab")
        server.on_look.append(lambda there, most=looks_before: setattr(there, "gone", there.looks > most))
        with pytest.raises(ServerUnreachable):
            run(server, policy("a", "b"))


def test_a_server_that_ends_in_the_middle_of_a_load_ends_the_pass() -> None:
    server = serving("ab", failing={"a": ServerUnreachable("no Ollama server answers")})
    with pytest.raises(ServerUnreachable):
        run(server, policy("a", "b"))
    assert server.work() == ["generate a:latest -1"]


def test_a_server_that_is_too_old_is_not_asked_to_do_anything() -> None:
    server = serving("a")

    def too_old() -> str:
        raise ServerTooOld("upgrade it to 0.10 or newer")

    server.require_version = too_old  # type: ignore[method-assign]
    with pytest.raises(ServerTooOld):
        run(server, policy("a"))
    assert server.work() == []


# A model that is loading already.


def test_a_load_by_somebody_else_is_waited_for() -> None:
    server = serving("a", loading_elsewhere={"a"})

    def finishes(there: FakeServer) -> None:
        if there.clock.seconds > 600 and there.loading_elsewhere:
            there.loading_elsewhere.clear()
            there.hold("a", "5m")

    server.on_look.append(finishes)
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1 num_ctx 4096"]
    assert (actions(result), resident(result)) == ({"a": "set_expiry"}, {"a": True})


def test_a_load_by_somebody_else_that_was_aborted_is_done_by_us() -> None:
    server = serving("a", loading_elsewhere={"a"})
    server.on_look.append(lambda there: there.loading_elsewhere.clear() if there.clock.seconds > 3 else None)
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1"]
    assert resident(result) == {"a": True}


def test_a_load_by_somebody_else_is_not_waited_for_without_end() -> None:
    server = serving("a", loading_elsewhere={"a"})
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1"], "what is listed by nobody may be a runner that nothing can end"
    assert server.clock.seconds == pytest.approx(PACE.loading, abs=5)
    assert server.looks < 520, "the longer it takes, the seldomer the looks"
    assert results.failures(result) == []


def test_a_runner_that_was_waited_for_by_earlier_passes_is_not_waited_for_anew() -> None:
    """It may be left over, listed by nobody and killed by nothing: not every pass waits for a quarter of an hour."""
    server = serving("a", loading_elsewhere={"a"})
    observer = SeeingObserver(server, policy("a"))  # type: ignore[arg-type]
    observer.look()
    server.clock.seconds += PACE.loading
    result = Warmer(observer, policy("a"), pace=PACE, clock=server.clock).run()
    assert server.work() == ["generate a:latest -1"]
    assert (result.models[0].load_seconds, resident(result)) == (2.0, {"a": True})


# A runner that answers nobody.


def test_a_hung_runner_is_unloaded_and_loaded_with_the_context_that_it_had() -> None:
    server = serving("ab")
    server.hold("a", "5m", num_ctx=8192)
    server.stop("a")
    result = run(server, policy("a", "b"))
    assert server.work() == ["unload a:latest", "generate a:latest -1 num_ctx 8192", "generate b:latest -1"]
    assert (resident(result), results.failures(result)) == ({"a": True, "b": True}, [])
    assert result.models[0].cause == Cause("runner_hung", "observed")


def test_a_hung_runner_that_stays_is_told_and_holds_up_nobody() -> None:
    server = serving("ab", unkillable=True)
    server.hold("a")
    server.stop("a")
    result = run(server, policy("a", "b"))
    (sentence,) = results.failures(result)
    assert sentence.startswith("a has a hung runner process (") and "it cannot be killed before what it waits for" in sentence
    assert (actions(result), resident(result)) == ({"a": "revive", "b": "load"}, {"a": False, "b": True})
    assert [call for call in server.work() if "a:latest" in call] == ["unload a:latest", "generate a:latest -1 num_ctx 4096"]


# New weights under a name.


def repulled(limit: int | None = None, *, pins: str = "ab") -> FakeServer:
    """All are in memory for ever, and the first has new weights on the disk."""
    server = serving(pins, limit=limit)
    for name in pins:
        server.hold(name)
    server.pull(pins[0], "2")
    return server


def listed(server: FakeServer) -> set[str]:
    return {entry.model.name + entry.model.version for entry in server.loaded.values()}


def test_new_weights_are_loaded_beside_the_old_ones_which_are_told() -> None:
    server = repulled()
    result = run(server, policy("a", "b"))
    assert server.work() == ["generate a:latest -1"]
    assert (resident(result), listed(server)) == ({"a": True, "b": True}, {"a", "a2", "b"})
    assert result.models[0].cause == Cause("repulled", "observed")
    assert [text for text in results.warnings(result) if "the older weights of a stay in memory" in text]
    assert actions(run(server, policy("a", "b"))) == {"a": "none", "b": "none"}


def test_old_weights_that_another_name_leads_to_are_given_back() -> None:
    server = serving("a")
    server.hold("a")
    server.pull("a", "2", keep_as="copy")
    run(server, policy("a"))
    assert server.work() == ["generate a:latest -1", "generate copy:latest 300s num_ctx 4096"]
    server.clock.seconds += 301
    result = run(server, policy("a"))
    assert (listed(server), results.warnings(result)) == ({"a2"}, [])


@pytest.mark.parametrize("pins", ["ab", "abc", "cab", "bca"])
def test_where_the_limit_is_reached_new_weights_and_the_old_ones_do_not_push_each_other_out_for_ever(pins: str) -> None:
    """The server chooses what makes place among those that are for ever."""
    server = repulled(limit=len(pins), pins=pins)
    result = run(server, policy(*pins))
    new = f"{pins[0]}2"
    assert new in listed(server)
    left_out = [progress.model.declared for progress in result.models if not progress.resident]
    assert len(left_out) <= 1
    assert len(results.failures(result)) == len(left_out)
    assert len(server.work()) <= 2 * len(pins) + 1


def test_new_weights_that_fail_to_load_are_told_and_the_old_ones_left() -> None:
    server = repulled()
    server.failing["a"] = ServerRefused("out of memory", 500, "out of memory")
    result = run(server, policy("a", "b"))
    assert results.failures(result) == ["load of a failed: out of memory"]
    assert listed(server) == {"a", "b"}


def test_while_somebody_loads_the_others_are_looked_after() -> None:
    server = serving("ab", loading_elsewhere={"a"})
    server.on_look.append(lambda there: there.loading_elsewhere.clear() if there.clock.seconds > 60 else None)
    server.on_look.append(lambda there: there.hold("b", "5m") if there.looks == 9 else None)
    result = run(server, policy("a", "b"))
    assert server.work() == ["generate b:latest -1", "generate b:latest -1 num_ctx 4096", "generate a:latest -1"]
    assert resident(result) == {"a": True, "b": True}


# Clients.


def test_a_client_that_changes_the_expiry_once_is_answered_once() -> None:
    server = serving("a")
    server.hold("a", "5m")
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1 num_ctx 4096"]
    assert resident(result) == {"a": True}
    assert by_name(result)["a"].changed


def test_a_load_that_a_client_spoils_at_once_is_still_told_as_a_load() -> None:
    server = serving("a")
    server.on_look.append(lambda there: there.hold("a", "5m") if there.looks == 2 else None)
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1", "generate a:latest -1 num_ctx 4096"]
    assert (actions(result), resident(result)) == ({"a": "load"}, {"a": True})


def test_an_expiry_that_was_set_on_a_model_that_then_left_is_told_as_the_load_that_followed() -> None:
    server = serving("a")
    server.hold("a", "5m")
    server.on_look.append(lambda there: there.loaded.clear() if there.looks == 2 else None)
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1 num_ctx 4096", "generate a:latest -1"]
    assert (actions(result), resident(result)) == ({"a": "load"}, {"a": True})


def test_a_client_that_keeps_changing_the_expiry_is_answered_three_times() -> None:
    server = serving("a")
    server.on_look.append(lambda there: (there.clock.sleep(0.01), there.hold("a", "5m")))
    result = run(server, policy("a"))
    assert len(server.work()) == 3
    assert resident(result) == {"a": False}
    (sentence,) = results.failures(result)
    assert sentence.startswith("a leaves memory at 2026-08-22 08:0")
    assert sentence.endswith(": a client keeps sending its own keep_alive")


def test_a_busy_model_is_told_once_and_undecided_until_it_is_idle() -> None:
    server = serving("a")
    server.hold("a", "5m").busy = True
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1 num_ctx 4096"]
    assert by_name(result)["a"].last.drift == ("busy",)
    assert results.failures(result) == []
    assert server.clock.seconds == pytest.approx(PACE.verify, abs=2)


def test_a_busy_model_that_becomes_idle_shows_its_new_expiry() -> None:
    server = serving("a")
    server.hold("a", "5m").busy = True
    server.on_look.append(lambda there: there.finish_request("a") if there.clock.seconds > 4 else None)
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1 num_ctx 4096"]
    assert (by_name(result)["a"].last.drift, resident(result)) == ((), {"a": True})


def test_a_busy_model_that_a_client_changes_again_is_told_again() -> None:
    server = serving("a")
    server.hold("a", "5m").busy = True

    def client(there: FakeServer) -> None:
        if there.clock.seconds > 4 and there.looks < 40 and there.loaded:
            found = there.hold("a", "7m")
            found.busy = False
            there.finish_request("a")
            there.on_look.clear()

    server.on_look.append(client)
    result = run(server, policy("a"))
    assert server.work() == ["generate a:latest -1 num_ctx 4096"] * 2
    assert resident(result) == {"a": True}


def test_a_warm_model_that_stays_too_long_is_brought_down() -> None:
    server = serving("a")
    server.hold("a", -1)
    result = run(server, policy(WARM_A), history=History(warmed=names("a")))
    assert server.work() == ["generate a:latest 1800s num_ctx 4096"]
    found = server.at("a")
    assert found is not None
    assert found.expires_at - server.now < timedelta(minutes=30, seconds=1)
    assert resident(result) == {"a": True}


def test_a_warm_model_that_had_its_load_is_left_to_its_expiry() -> None:
    server = serving("a")
    result = run(server, policy(WARM_A), history=History(warmed=names("a")))
    assert server.work() == []
    assert results.failures(result) == []


# Processes that cannot be seen.


def test_a_pin_whose_processes_cannot_be_seen_is_probed_once_and_believed() -> None:
    server = serving("a")
    server.hold("a", -1, 8192)
    result = run(server, policy("a"), seeing=False)
    assert server.work() == ["generate a:latest -1 num_ctx 8192"]
    assert (actions(result), resident(result)) == ({"a": "probe"}, {"a": True})
    assert not by_name(result)["a"].changed
    assert results.failures(result) == []


def test_a_probe_that_fails_is_a_failure() -> None:
    server = serving("a", failing={"a": ServerRefused("500 cudaMalloc failed", 500, "cudaMalloc failed")})
    server.failing.clear()
    server.hold("a")
    server.failing["a"] = ServerRefused("500 cudaMalloc failed", 500, "cudaMalloc failed")
    result = run(server, policy("a"), seeing=False)
    assert results.failures(result) == ["probe of a failed: 500 cudaMalloc failed"]
    assert resident(result) == {"a": None}


def test_a_load_that_succeeded_is_not_probed_again() -> None:
    server = serving("a")
    result = run(server, policy("a"), seeing=False)
    assert server.work() == ["generate a:latest -1"]
    assert (actions(result), resident(result)) == ({"a": "load"}, {"a": True})


def test_an_expiry_that_was_put_back_is_not_probed_again() -> None:
    server = serving("a")
    server.hold("a", "5m")
    result = run(server, policy("a"), seeing=False)
    assert server.work() == ["generate a:latest -1 num_ctx 4096"]
    assert (actions(result), resident(result)) == ({"a": "set_expiry"}, {"a": True})


# Memory that does not hold them all.


def test_a_later_model_that_loses_its_place_to_an_earlier_one_is_set_aside() -> None:
    server = serving("ab", limit=1)
    server.hold("b")
    result = run(server, policy("a", "b"))
    assert server.work() == ["generate a:latest -1"]
    assert resident(result) == {"a": True, "b": False}
    assert results.failures(result) == ["b lost its place in memory when a was loaded"]


def test_an_earlier_model_gets_its_place_back_from_a_later_one() -> None:
    server = serving("ab", limit=1)
    server.hold("a")
    result = run(server, policy("a", "b"))
    assert server.work() == ["generate b:latest -1", "unload b:latest", "generate a:latest -1"]
    assert resident(result) == {"a": True, "b": False}
    assert results.failures(result) == ["b was set aside: loading it cost a, which is to stay before it, its place in memory"]


def test_a_pass_that_knows_what_was_set_aside_costs_nobody_a_place() -> None:
    server = serving("ab", limit=1)
    server.hold("a")
    first = run(server, policy("a", "b"))
    server.calls.clear()
    aside = {progress.model.name: SetAside(progress.rivals, progress.beside) for progress in first.models if progress.set_aside}
    result = run(server, policy("a", "b"), history=History(set_aside=aside))
    assert server.work() == []
    assert resident(result) == {"a": True, "b": False}
    assert results.failures(result)[0].startswith("b was set aside by an earlier pass: memory does not hold it beside a:latest;")


def test_of_more_models_than_fit_those_declared_first_stay() -> None:
    server = serving("abcd", limit=2)
    result = run(server, policy("a", "b", "c", "d"))
    assert sorted(entry.model.name for entry in server.loaded.values()) == ["a", "b"]
    assert resident(result) == {"a": True, "b": True, "c": False, "d": False}
    assert len(server.work()) < 12


def test_a_model_that_lost_its_place_to_one_that_was_set_aside_gets_it_back() -> None:
    """Loading b costs a and c theirs; b goes, and so both may come back."""
    server = serving("abc")
    server.hold("a")
    server.hold("c")
    greedy = server._load

    def costs_all(model: Installed, keep_alive: KeepAlive, context: int) -> Any:
        if model.name == "b":
            server.loaded.clear()
        return greedy(model, keep_alive, context)

    server._load = costs_all  # type: ignore[method-assign]
    result = run(server, policy("a", "b", "c"))
    assert resident(result) == {"a": True, "b": False, "c": True}


def test_a_place_that_a_client_took_right_after_our_load_is_not_laid_to_our_model() -> None:
    """What has just been loaded is busy until its first request is done, so that the client's queued load takes an idle pin's
    place at once. That pin is loaded again and takes the client's idle model's; ours keeps its own."""
    server = serving("abcx", limit=3)
    server.hold("a")
    server.hold("b")

    def queued(now: FakeServer) -> None:
        ours = now.at("c")
        if ours is not None and now.at("x") is None and not came:
            came.append(True)
            ours.busy = True
            now.hold("x", "5m")
            ours.busy = False

    came: list[bool] = []
    server.on_look.append(queued)
    result = run(server, policy("a", "b", "c"))
    assert came
    assert resident(result) == {"a": True, "b": True, "c": True}
    assert [progress.set_aside for progress in result.models] == [False, False, False]
    lost = [progress for progress in result.models if progress.causes and progress.causes["not_loaded"].word == "evicted"]
    assert [progress.causes["not_loaded"].by for progress in lost] == [("x:latest",)]


def test_a_model_that_a_client_had_loaded_may_go() -> None:
    server = serving("ab", limit=1)
    server.hold("b", "5m")
    result = run(server, policy("a"))
    assert resident(result) == {"a": True}
    assert result.warnings == ()


# A load that takes long.


class SlowLoad:
    """A load that ends when the test says so; one that nobody ends fails the test."""

    def __init__(self) -> None:
        self.end = threading.Event()

    def __call__(self) -> None:
        if not self.end.wait(30):
            raise AssertionError("nobody ended the load")


def test_while_a_load_runs_expiries_are_put_back() -> None:
    server = serving("ab")
    server.hold("b")
    slow = SlowLoad()
    server.during_load["a"] = slow

    def client(there: FakeServer) -> None:
        if there.looks == 3:
            there.hold("b", "5m")
        if there.looks > 3 and there.work()[-1] == "generate b:latest -1 num_ctx 4096":
            slow.end.set()

    server.on_look.append(client)
    result = run(server, policy("a", "b"), pace=Pace(repin=0.01))
    assert server.work() == ["generate a:latest -1", "generate b:latest -1 num_ctx 4096"]
    assert resident(result) == {"a": True, "b": True}
    assert by_name(result)["b"].changed


def test_a_look_that_fails_while_a_load_runs_is_not_the_loads_failure() -> None:
    """/api/ps waits for locks that an unload holds, and may be late."""
    server = serving("ab")
    slow = SlowLoad()
    server.during_load["a"] = slow

    def late(there: FakeServer) -> None:
        if there.looks == 2:
            raise ServerSilent("GET /api/ps was not answered within 20 s")
        if there.looks > 3:
            slow.end.set()

    server.on_look.append(late)
    result = run(server, policy("a", "b"), pace=Pace(repin=0.01))
    assert server.work() == ["generate a:latest -1", "generate b:latest -1"]
    assert resident(result) == {"a": True, "b": True}
    assert results.failures(result) == []


def test_a_model_that_takes_long_to_load_is_back_when_it_is_and_not_when_it_begins_to_load() -> None:
    server = serving("a")
    slow = SlowLoad()

    def begins() -> None:
        server.loading_elsewhere.add("a")
        slow()
        server.loading_elsewhere.clear()

    def passes(there: FakeServer) -> None:
        if there.looks > 1 and not slow.end.is_set():
            there.clock.sleep(15)
            if there.clock.seconds >= 60:
                slow.end.set()

    server.during_load["a"] = begins
    server.on_look.append(passes)
    result = run(server, policy("a"), pace=Pace(repin=0.01))
    assert resident(result) == {"a": True}
    assert by_name(result)["a"].mended["not_loaded"] >= 60


def test_a_clients_other_context_is_told_although_a_look_falls_into_the_reload() -> None:
    server = serving("a")
    server.hold("a")
    before = run(server, policy("a"), history=History(server="1", past=Past("1")))

    def reloads(there: FakeServer) -> None:
        there.loading_elsewhere.clear()
        if there.looks == first:
            there.loaded.clear()
            there.loading_elsewhere.add("a")
        elif there.looks == first + 1:
            there.hold("a", "5m", 2048)

    first = server.looks + 1
    server.on_look.append(reloads)
    result = run(server, policy("a"), history=History(server="1", past=before.past))
    assert by_name(result)["a"].causes["expiring"] == Cause("context_changed_by_client", "observed")


@pytest.mark.parametrize(("changes", "blamed"), [(1, False), (4, True)])
def test_only_a_client_that_did_it_again_keeps_doing_it(changes: int, blamed: bool) -> None:
    """An expiry that a pass could not put back for another reason is no such client's."""
    server = serving("a")
    left = [changes]

    def client(there: FakeServer) -> None:
        if left[0]:
            left[0] -= 1
            there.hold("a", f"{5 + left[0]}m")

    server.on_look.append(client)
    if changes == 1:
        server.failing["a"] = ServerRefused("no", 500, "no")
    said = " ".join(results.failures(run(server, policy("a"))))
    assert ("keeps sending" in said) is blamed


# Scope.


def test_only_the_named_models_are_acted_on_and_reported() -> None:
    server = serving("abc")
    server.hold("c", "5m")
    result = run(server, policy("a", "b", "c", undeclared_keep_alive="1m"), only=names("b"))
    assert server.work() == ["generate b:latest -1"]
    assert resident(result) == {"b": True}


def test_a_neighbour_is_not_displaced_by_a_named_model() -> None:
    server = serving("ab", limit=1)
    server.hold("a")
    result = run(server, policy("a", "b"), only=names("b"))
    assert "unload b:latest" in server.work()
    assert results.failures(result)[0].startswith("b was set aside")


# Models that are not declared.


def test_a_stray_is_told_when_to_go_with_its_own_context_at_its_own_endpoint() -> None:
    server = FakeServer([Installed("a"), Installed("stray"), Installed("embed", embeds=True)])
    server.hold("a")
    server.hold("stray", -1, 2048)
    server.hold("embed", "1h", 512)
    result = run(server, policy("a", undeclared_keep_alive="10m"))
    assert sorted(server.work()) == ["embed embed:latest 600s num_ctx 512", "generate stray:latest 600s num_ctx 2048"]
    assert [str(stray.listed.name) for stray in result.strays] == ["stray:latest", "embed:latest"]


def test_a_stray_is_told_before_anything_is_loaded_so_that_it_goes_first() -> None:
    server = serving(["a", "stray"], limit=1)
    server.hold("stray")
    run(server, policy("a", undeclared_keep_alive="10m"))
    assert server.work() == ["generate stray:latest 600s num_ctx 4096", "generate a:latest -1"]


def test_a_stray_that_does_not_obey_is_told_once() -> None:
    server = serving(["a", "stray"])
    server.hold("a")
    server.on_look.append(lambda there: there.hold("stray"))
    run(server, policy("a", undeclared_keep_alive="10m"))
    assert server.work() == ["generate stray:latest 600s num_ctx 4096"]


@pytest.mark.parametrize("failure", [ServerRefused("500 no", 500, "no"), ServerSilent("900 s")])
def test_a_stray_that_fails_is_a_warning_and_no_change(failure: ServerFailure) -> None:
    server = serving(["a", "stray"], failing={})
    server.hold("stray")
    server.failing["stray"] = failure
    result = run(server, policy("a", undeclared_keep_alive="10m"))
    assert result.warnings == (f"set_expiry of stray:latest, which is not declared, failed: {failure}",)
    assert result.strays == ()
    assert resident(result) == {"a": True}


def test_a_server_that_is_gone_while_a_stray_is_told_ends_the_pass() -> None:
    server = serving(["a", "stray"])
    server.hold("stray")
    server.failing["stray"] = ServerUnreachable("no Ollama server answers")
    with pytest.raises(ServerUnreachable):
        run(server, policy("a", undeclared_keep_alive="10m"))
    assert len(server.work()) == 1


def test_a_model_taken_off_the_list_is_unloaded_if_that_was_asked_for() -> None:
    server = serving(["a", "old"])
    server.hold("a")
    server.hold("old")
    result = run(server, policy("a", release="unload"), history=History(pinned=names("old")))
    assert server.work() == ["unload old:latest"]
    assert [stray.action for stray in result.strays] == ["unload"]
    assert server.at("old") is None


# Deadlines.


def test_without_verification_nothing_is_waited_for() -> None:
    server = serving("a")
    server.on_look.append(lambda there: there.loaded.clear())
    result = run(server, policy("a"), pace=Pace(verify=0))
    assert server.clock.seconds == 2.0
    assert resident(result) == {"a": False}


def test_an_expiry_that_shows_late_is_waited_for() -> None:
    """The server writes it after its answer."""
    server = serving("a")
    server.hold("a", "5m").busy = True
    server.on_look.append(lambda there: there.finish_request("a") if there.clock.seconds >= 14 else None)
    assert by_name(run(server, policy("a")))["a"].last.drift == ()
    assert server.clock.seconds < 15
