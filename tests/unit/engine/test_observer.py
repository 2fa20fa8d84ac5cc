# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look: what is asked for it, and in which order."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency import observer as engine
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.observation import Runners
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.observer import Observer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import (
    ServerFailure,
    ServerGarbled,
    ServerRefused,
    ServerSilent,
    ServerUnreachable,
)
from support.fake_server import FakeServer, Installed, serving
from support.values import digest, policy


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

    def living_runners(name: str) -> Runners:
        assert server.calls[-1] == "ps", "a runner that ended after the list was made must not be called alive"
        looked.append(name)
        return Runners(frozenset())

    monkeypatch.setattr(engine, "living_runners", living_runners)
    observation = Observer(server, policy("a"), unit).look()  # type: ignore[arg-type]
    assert looked == looks_at
    assert (observation.runners is None) is not bool(looks_at)


def test_cards_of_one_look_do_not_change_with_the_next() -> None:
    server = serving(["a"])
    observer = Observer(server, policy("a", "b"))  # type: ignore[arg-type]
    first = observer.look()
    server.models.append(Installed("b"))
    observer.look()
    assert set(first.cards) == {digest("a")}


def test_the_engine_never_imports_ansible() -> None:
    """It is deployed as it is, beside a host program."""
    engine_files = list(pathlib.Path(engine.__file__).parent.glob("*.py"))
    assert len(engine_files) > 10
    assert [path.name for path in engine_files if "import ansible" in path.read_text() or "from ansible" in path.read_text()] == []
