# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the server, its clients and the kernel do during a pass: it ends, and claims nothing that is not so."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.pace import Pace
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import PassResult
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.execute.warmer import Warmer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import results
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import ServerFailure, ServerRefused, ServerSilent
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.observer import Observer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_server import FakeServer, Installed, SeeingObserver
from support.values import policy

NAMES = ["a", "b", "c", "stray"]
PACE = Pace(verify=2, loading=4, look=0.25, repin=30)

# Each action may be tried a few times for each model and stray, and each may be followed by a whole wait.
MOST_ACTS = len(NAMES) * 10
MOST_LOOKS = MOST_ACTS * int(max(PACE.verify, PACE.loading) / PACE.look + 2)

Event = Callable[[FakeServer], Any]


def forget(server: FakeServer, name: str) -> None:
    server.models[:] = [model for model in server.models if model.name != name]


def pull(server: FakeServer, name: str) -> None:
    for model in server.models:
        if model.name == name:
            model.version += "'"


def on(name: str, deed: Callable[[FakeServer, str], Any]) -> Event:
    """The deed, if the model is installed."""
    return lambda server: deed(server, name) if any(model.name == name for model in server.models) else None


def unload(server: FakeServer, name: str) -> None:
    found = server.at(name)
    if found is not None:
        del server.loaded[found.model.blob]


def make_busy(server: FakeServer, name: str) -> None:
    found = server.at(name)
    if found is not None:
        found.busy = True


DEEDS: dict[str, Callable[[FakeServer, str], Any]] = {
    "kill its runner": FakeServer.kill,
    "unload it": unload,
    "ask for it for five minutes": lambda server, name: server.hold(name, "5m"),
    "ask for it for a second": lambda server, name: server.hold(name, 1),
    "ask for it for ever": lambda server, name: server.hold(name, -1),
    "ask for it with another context": lambda server, name: server.hold(name, "5m", 2048),
    "begin a request": make_busy,
    "end a request": FakeServer.finish_request,
    "begin to load it": lambda server, name: server.loading_elsewhere.add(name),
    "end a load of it": lambda server, name: server.loading_elsewhere.discard(name),
    "delete it": lambda server, name: (server.loading_elsewhere.discard(name), forget(server, name)),
    "pull it anew": lambda server, name: (server.loading_elsewhere.discard(name), pull(server, name)),
    "make its load fail": lambda server, name: server.failing.__setitem__(name, ServerRefused("500: no", 500, "no")),
    "make its load hang": lambda server, name: server.failing.__setitem__(name, ServerSilent("not answered within 900 s")),
    "make its load work": lambda server, name: server.failing.pop(name, None),
    "empty the memory": lambda server, _name: server.loaded.clear(),
    "let time pass": lambda server, _name: server.clock.sleep(70),
}
EVENT = st.builds(lambda deed, name: (deed, name), st.sampled_from(sorted(DEEDS)), st.sampled_from(NAMES))
EVENTS = st.lists(st.lists(EVENT, max_size=3), max_size=12)
DECLARED = st.sampled_from([{}, {"num_ctx": 8192}, {"policy": "warm", "keep_alive": "90s"}, {"required": False}])
OTHERS = st.fixed_dictionaries(
    {}, optional={"undeclared_keep_alive": st.just("10m"), "context_mismatch": st.just("reload"), "release": st.just("unload")}
)


class Turmoil:
    """Makes these things happen, those of one list at each look; then over again if `for_ever`, else no more."""

    def __init__(self, events: list[list[tuple[str, str]]], for_ever: bool) -> None:
        self._events = events
        self._for_ever = for_ever

    def __call__(self, server: FakeServer) -> None:
        if server.looks > MOST_LOOKS:
            raise AssertionError(f"{server.looks} looks: this pass does not end")
        turn = server.looks - 1
        if self._events and (self._for_ever or turn < len(self._events)):
            for deed, name in self._events[turn % len(self._events)]:
                on(name, DEEDS[deed])(server)


def make_server(limit: int | None, held: list[str], turmoil: Turmoil) -> FakeServer:
    server = FakeServer([Installed(name, load_seconds=0.5) for name in NAMES], limit=limit)
    for name in held:
        server.hold(name)
    server.on_look.append(turmoil)
    return server


def check_claims(server: FakeServer, result: PassResult) -> None:
    """The last look is what the server was like when the pass ended."""
    for progress in result.models:
        if progress.resident:
            entry = progress.last.listed
            assert entry is not None
            assert entry in result.look.resident
            if result.look.runners is not None:
                assert any(found.alive for found in server.loaded.values() if found.model.digest == entry.digest)
        if progress.changed:
            assert progress.action != "none"
    warm = not results.failures(result)
    assert not warm or all(progress.resident for progress in result.models if progress.model.is_pin and progress.model.required)


@settings(max_examples=400)
@given(
    declared=st.lists(st.tuples(st.sampled_from(NAMES[:3]), DECLARED), unique_by=lambda pair: pair[0], min_size=1),
    others=OTHERS,
    limit=st.sampled_from([None, 1, 2]),
    held=st.lists(st.sampled_from(NAMES), unique=True),
    events=EVENTS,
    for_ever=st.booleans(),
    seeing=st.booleans(),
)
def test_a_pass_ends_and_claims_nothing_that_is_not_so(
    declared: Any, others: Any, limit: int | None, held: list[str], events: Any, for_ever: bool, seeing: bool
) -> None:
    server = make_server(limit, held, Turmoil(events, for_ever))
    wanted = policy(*({"name": name, **more} for name, more in declared), **others)
    observer = (SeeingObserver if seeing else Observer)(server, wanted)  # type: ignore[arg-type]
    try:
        result = Warmer(observer, wanted, pace=PACE, clock=server.clock).run()
    except ServerFailure as failure:
        raise AssertionError("nothing here takes the whole server away") from failure
    check_claims(server, result)
    assert len(server.work()) <= MOST_ACTS


@settings(max_examples=150)
@given(
    declared=st.lists(st.sampled_from(NAMES[:3]), unique=True, min_size=1),
    limit=st.sampled_from([None, 4]),
    held=st.lists(st.sampled_from(NAMES), unique=True),
    events=EVENTS,
)
def test_once_the_turmoil_is_over_the_next_pass_sets_all_right_and_the_one_after_does_nothing(
    declared: list[str], limit: int | None, held: list[str], events: Any
) -> None:
    server = make_server(limit, held, Turmoil(events, for_ever=False))
    wanted = policy(*declared)
    Warmer(SeeingObserver(server, wanted), wanted, pace=PACE, clock=server.clock).run()  # type: ignore[arg-type]
    server.on_look.clear()
    server.failing.clear()
    server.loading_elsewhere.clear()
    server.loaded = {path: entry for path, entry in server.loaded.items() if entry.alive and not entry.busy}
    there = {ModelName.parse(model.name) for model in server.models}
    stale = {str(entry.model.name) for entry in server.loaded.values() if entry.model.version != ""}

    second = Warmer(SeeingObserver(server, wanted), wanted, pace=PACE, clock=server.clock).run()  # type: ignore[arg-type]
    for progress in second.models:
        if progress.model.name in there and progress.model.declared not in stale:
            assert progress.resident is True, progress
    server.calls.clear()
    third = Warmer(SeeingObserver(server, wanted), wanted, pace=PACE, clock=server.clock).run()  # type: ignore[arg-type]
    assert server.work() == []
    assert not any(progress.changed for progress in third.models)
