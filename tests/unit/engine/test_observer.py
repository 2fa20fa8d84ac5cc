# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look: what is asked for it, and in which order."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Callable

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import Verdict
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import observer as engine
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import (
    ServerFailure,
    ServerGarbled,
    ServerRefused,
    ServerSilent,
    ServerUnreachable,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.observer import Observer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import Runners
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.sightings import RunnerProcess, Sighting, follow, hangs
from support.fake_server import FakeServer, Installed, serving
from support.values import blob, digest, policy


def asked(server: FakeServer, observer: Observer) -> list[str]:
    server.calls.clear()
    observer.look()
    return server.calls


def test_a_look_at_known_models_asks_for_the_two_lists_and_nothing_else() -> None:
    server = serving(["a", "b", "c"])
    for name in ("a", "b"):
        server.hold(name)
    observer = Observer(server, policy("a", "b"))  # type: ignore[arg-type]
    observer.look()
    assert asked(server, observer) == ["ps", "tags"]


def test_a_kill_for_memory_is_new_once_and_counted_for_each_start_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    server = serving(["a"])
    counts = iter([("1", 0), ("1", 2), ("1", 2), ("1", 3), ("2", 1)])

    def living(_unit: str, **_where: str) -> Runners:
        start, kills = next(counts)
        return Runners(frozenset(), server=start, oom_kills=kills)

    monkeypatch.setattr(engine, "living_runners", living)
    observer = Observer(server, policy("a"), unit="ollama.service")  # type: ignore[arg-type]
    assert [observer.look().oom_kills for _look in range(5)] == [0, 2, 0, 1, 1]


def test_a_look_that_sees_no_processes_leaves_the_count_of_kills_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([Runners(frozenset(), server="1", oom_kills=3), None, None, Runners(frozenset(), server="1", oom_kills=4)])
    monkeypatch.setattr(engine, "living_runners", lambda _unit, **_where: next(found))
    observer = Observer(serving(["a"]), policy("a"), unit="ollama.service")  # type: ignore[arg-type]
    assert [observer.look().oom_kills for _look in range(4)] == [3, 0, 0, 1]


def test_the_first_look_asks_for_the_declared_models_cards_only() -> None:
    server = serving(["a", "b", "c"])
    for name in ("a", "c"):
        server.hold(name)
    observer = Observer(server, policy("a"))  # type: ignore[arg-type]
    assert asked(server, observer) == ["ps", "tags", "show a:latest"]


def test_while_a_declared_model_is_not_listed_others_may_hold_its_weights() -> None:
    server = serving(["a", "b", "c"])
    server.hold("c")
    observer = Observer(server, policy("a"))  # type: ignore[arg-type]
    assert asked(server, observer) == ["ps", "tags", "show a:latest", "show c:latest"]
    assert asked(server, observer) == ["ps", "tags"]


def test_cards_handed_on_from_an_earlier_pass_are_not_asked_for() -> None:
    server = serving(["a"])
    first = Observer(server, policy("a"))  # type: ignore[arg-type]
    first.look()
    second = Observer(server, policy("a"), cards=first.cards)  # type: ignore[arg-type]
    assert asked(server, second) == ["ps", "tags"]


def test_new_weights_have_a_new_card() -> None:
    server = serving(["a"])
    observer = Observer(server, policy("a"))  # type: ignore[arg-type]
    observer.look()
    server.models[0].version = "2"
    assert asked(server, observer) == ["ps", "tags", "show a:latest"]


def test_a_model_deleted_meanwhile_has_no_card() -> None:
    server = serving(["a"])
    observer = Observer(server, policy("a"))  # type: ignore[arg-type]
    card = server.card
    server.card = lambda name: (server.models.clear(), card(name))[1]  # type: ignore[method-assign]
    assert dict(observer.look().cards) == {}


@pytest.mark.parametrize("failure", [ServerRefused("500", 500, "no such blob"), ServerGarbled("what?")])
def test_one_broken_model_does_not_blind_us_to_the_others(failure: ServerFailure) -> None:
    server = serving(["a", "b"], failing_cards={"a": failure})
    assert set(Observer(server, policy("a", "b")).look().cards) == {digest("b")}  # type: ignore[arg-type]


@pytest.mark.parametrize("failure", [ServerUnreachable("gone"), ServerSilent("slow")])
def test_a_server_that_is_gone_is_not_looked_at_further(failure: ServerFailure) -> None:
    server = serving(["a", "b"], failing_cards={"a": failure})
    with pytest.raises(type(failure)):
        Observer(server, policy("a", "b")).look()  # type: ignore[arg-type]


def test_a_stub_for_the_cloud_has_no_card() -> None:
    server = FakeServer([Installed("a")])
    installed = server.installed
    server.installed = lambda: tuple(entry.__class__(entry.name, entry.digest, remote=True) for entry in installed())  # type: ignore[method-assign]
    assert asked(server, Observer(server, policy("a"))) == ["ps", "tags"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "unit", "looks_at"),
    [
        ("http://127.0.0.1:11434", "ollama.service", ["ollama.service"]),
        ("http://192.168.7.7:11434", "ollama@b.service", ["ollama@b.service"]),
        ("http://127.0.0.1:11434", None, []),
    ],
)
def test_a_units_processes_are_looked_at_whatever_its_address_is(monkeypatch: pytest.MonkeyPatch, url: str, unit: Any, looks_at: list[str]) -> None:
    looked: list[str] = []
    server = serving(["a"], url=url)

    def living_runners(name: str, **_where: str) -> Runners:
        assert server.calls[-1] == "ps", "a runner that ended after the list was made must not be called alive"
        looked.append(name)
        return Runners(frozenset())

    monkeypatch.setattr(engine, "living_runners", living_runners)
    observation = Observer(server, policy("a"), unit).look()  # type: ignore[arg-type]
    assert looked == looks_at
    assert (observation.runners is None) is not bool(looks_at)


# /api/ps and /proc are two looks.


class Host:
    """A server and what /proc shows of it, of which something happens between the two looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = serving(["a", "b"], url="http://127.0.0.1:11434")
        self.server.hold("a")
        self.happens: list[Callable[[], None]] = []
        self.started = False
        monkeypatch.setattr(engine, "living_runners", self.living_runners)
        self.observer = Observer(self.server, policy("a"), "ollama.service")  # type: ignore[arg-type]
        self.observer.look()
        self.server.calls.clear()

    def living_runners(self, _unit: str, **_where: str) -> Runners:
        if self.happens:
            self.happens.pop(0)()
        started = time.clock_gettime(time.CLOCK_BOOTTIME) if self.started else 0.0
        runners = self.server.runners()
        self.started = False
        return replace(runners, processes=tuple(replace(process, started=started) for process in runners.processes))

    def kill(self) -> None:
        self.server.kill("a")

    def unload(self) -> None:
        self.server.unload(ModelName.parse("a"))

    def reload(self) -> None:
        """As for another num_ctx: the runner is a new one, which is loading and therefore not listed."""
        self.unload()
        self.server.loading_elsewhere.add("a")
        self.started = True

    def look(self) -> Verdict:
        return make_plan(policy("a"), self.observer.look()).verdicts[0]


def test_a_runner_that_died_is_dead_at_the_second_look_too(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch)
    host.happens.append(host.kill)
    assert host.look().drift == ("dead_runner",)
    assert host.server.calls == ["ps", "tags", "ps"]


def test_what_is_unloaded_between_the_two_looks_has_not_died(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch)
    host.happens.append(host.unload)
    assert host.look().drift == ("not_loaded",)


def test_what_is_reloaded_between_the_two_looks_is_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its new runner is not the one that the list told of."""
    host = Host(monkeypatch)
    host.happens.append(host.reload)
    assert host.look().drift == ("loading",)


def test_a_server_on_which_something_changes_all_the_time_is_looked_at_some_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch)
    host.happens += [host.reload] * 50
    host.look()
    assert host.server.calls.count("ps") < 10


def test_a_healthy_server_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch)
    assert host.look().resident is True
    assert host.server.calls == ["ps", "tags"]


# Runners that one look cannot judge.


@pytest.mark.parametrize(
    ("later", "hung"),
    [({}, True), ({"cpu": 1}, False), ({"state": "S"}, False), ({"identity": "another"}, False), ({"state": "T"}, True), ({"state": "t"}, False)],
    ids=str,
)
def test_a_runner_in_uninterruptible_sleep_hangs_if_it_has_done_nothing_by_the_second_look(later: dict[str, Any], hung: bool) -> None:
    first = RunnerProcess("1-1", blob("a"), "D", 0)
    seen = follow({}, [first], {blob("a")}, 100)
    second = replace(first, **later)
    seen = follow(seen, [second], {blob("a")}, 110)
    assert hangs(second, seen, 110) is hung


def test_a_runner_is_remembered_only_while_it_is_to_be_looked_at_again() -> None:
    well, waits, loads = (RunnerProcess(name, blob(name), state) for name, state in (("a", "S"), ("b", "D"), ("c", "D")))
    seen = follow({}, [well, waits, loads], {blob("a"), blob("b")}, 100)
    assert seen == {"b": Sighting("waiting", 0, 100), "c": Sighting("unlisted", 0, 100)}
    assert follow(seen, [well, loads], {blob("a"), blob("b")}, 200) == {"c": Sighting("unlisted", 0, 100)}
    assert follow(seen, [well, loads], {blob("c")}, 200)["c"] == Sighting("waiting", 0, 200), "loading is not hung"
    assert follow(seen, [waits], {blob("b")}, 3)["b"].since == 3, "the host was restarted meanwhile"


def test_cards_of_one_look_do_not_change_with_the_next() -> None:
    server = serving(["a"])
    observer = Observer(server, policy("a", "b"))  # type: ignore[arg-type]
    first = observer.look()
    server.models.append(Installed("b"))
    observer.look()
    assert set(first.cards) == {digest("a")}
