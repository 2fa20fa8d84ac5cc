# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a server counts as idle, and how models come back after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.restoring import Place, remembered_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.execute.restorer import Restorer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.activity import Activity, Watcher, busy_with
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import ServerUnreachable
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import Expiry, KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import InstalledModel, ModelCard, ResidentModel
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.remembered import Remembered

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
NAMES = {"A": "a:latest", "B": "b:latest"}


def resident(name: str, left: float | None = None, context: int = 4096, size: int = 0) -> ResidentModel:
    moment = NOW + (timedelta(days=36500) if left is None else timedelta(seconds=left))
    return ResidentModel(ModelName.parse(name), "", Expiry(moment), context, size, size)


def look(*models: ResidentModel, **used: int) -> Activity:
    """`used`: the CPU time of the runner of each blob, whose process is named after it."""
    return Activity(NOW, models, used, {blob: blob for blob in used}, dict.fromkeys(used, 5.0))


@pytest.mark.parametrize(
    ("before", "after", "busy"),
    [
        pytest.param(look(resident("a"), A=5), look(resident("a"), A=5), [], id="idle"),
        pytest.param(look(resident("a"), A=5), look(resident("a"), A=6), ["a:latest is computing"], id="answers"),
        pytest.param(look(), look(A=6), ["a:latest is being loaded"], id="loads"),
        pytest.param(look(), look(X=6), ["a model is being loaded"], id="loads what is not known yet"),
        pytest.param(look(resident("a", -1), A=5), look(resident("a", -1), A=5), ["a:latest is to go as soon as it is idle"], id="expired, and busy"),
        pytest.param(look(resident("a")), look(resident("a")), [], id="its runner is dead"),
        pytest.param(look(), Activity(), [], id="hangs"),
        pytest.param(look(), Activity(NOW, (), {"X": 6}, {"X": "X"}, {"X": 3600.0}), [], id="left over from long ago"),
    ],
)
def test_what_a_server_is_in_the_middle_of(before: Activity, after: Activity, busy: list[str]) -> None:
    assert busy_with(before, after, NAMES) == busy


def test_what_cannot_be_seen_is_said() -> None:
    assert Activity(NOW, (), runners_seen=False).unseen == "its runners are not to be seen on this host"
    assert Activity().unseen == "it does not tell its models"
    assert look().unseen is None


@pytest.mark.parametrize(("looks", "busy"), [("AAB", []), ("ABCDEFGHIJK", ["a:latest is computing"]), ("ABBC", [])])
def test_it_waits_until_two_looks_are_alike_or_the_time_is_over(monkeypatch: pytest.MonkeyPatch, looks: str, busy: list[str]) -> None:
    """Each letter is a look; the runner has computed where the next one is another."""
    seen = iter(looks)
    clock = [0.0]

    def one(_self: Watcher) -> Activity:
        return look(resident("a"), A=ord(next(seen)))

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(Watcher, "look", one)
    watcher = Watcher(Any, "ollama.service", names=dict(NAMES))  # type: ignore[arg-type]
    found, dummy = watcher.wait_until_idle(6, lambda: clock[0], sleep)
    assert found == busy
    assert clock[0] <= 6


def note(name: str, left: float | None = None, **others: Any) -> Remembered:
    return Remembered(ModelName.parse(name), others.pop("context", 4096), left, others.pop("at", 0.0), **others)


def test_what_is_in_memory_is_noted_with_its_context_and_the_rest_of_its_stay() -> None:
    seen = look(resident("a", context=512), resident("b", 90.4), resident("c", -1))
    found = remembered_models(seen.resident or (), seen.now, [note("d", 7), note("a", 1)], at=5.0)
    assert found == [note("a", context=512, at=5.0), note("b", 90.4, at=5.0), note("d", 7)]
    assert Remembered.from_list([model.as_data() for model in found]) == found
    assert [model.keep_alive for model in found] == [KeepAlive.FOREVER, KeepAlive.parse("90s"), KeepAlive.parse("7s")]


@pytest.mark.parametrize("raw", [None, "x", [None], [{}], [{"name": "a"}], [{"name": "\n", "context": 1, "left": 1, "at": 1, "size": 1}]])
def test_a_note_that_cannot_be_read_is_none(raw: Any) -> None:
    assert Remembered.from_list(raw) == []


@pytest.mark.parametrize(("left", "now", "past"), [(None, 1e9, False), (60, 100, False), (60, 3600, False), (60, 3700, True)])
def test_what_would_have_gone_long_ago_stays_away(left: float | None, now: float, past: bool) -> None:
    assert note("a", left).is_past(now) is past


@dataclass
class Server:
    """A server with so many places: a load over them puts the first out that was loaded."""

    models: dict[str, ResidentModel]
    places: int = 9
    disk: tuple[str, ...] = ("a", "b", "c", "pin")
    loads: list[tuple[str, Any, int | None]] = field(default_factory=list)

    def resident(self) -> tuple[tuple[ResidentModel, ...], datetime]:
        return tuple(self.models.values()), NOW

    def installed(self) -> tuple[InstalledModel, ...]:
        return tuple(InstalledModel(ModelName.parse(name), "") for name in self.disk)

    def card(self, name: ModelName) -> ModelCard:
        return ModelCard(blob=str(name))

    def load(self, name: ModelName, generates: bool, keep_alive: KeepAlive, num_ctx: int | None) -> None:
        if str(name) == "c:latest" or not generates:
            raise ServerUnreachable("it went away")
        if len(self.models) >= self.places:
            del self.models[next(iter(self.models))]
        self.loads.append((str(name), keep_alive.as_request(), num_ctx))
        self.models[str(name)] = resident(str(name))

    def unload(self, name: ModelName) -> None:
        self.models.pop(str(name), None)


def restorer(server: Server, *declared: str, limit: int | None = None, free: int | None = None) -> Restorer:
    return Restorer(server, frozenset(map(ModelName.parse, declared)), Place(limit, lambda: free))  # type: ignore[arg-type]


def test_a_model_comes_back_with_its_context_and_the_rest_of_its_stay() -> None:
    server = Server({})
    back = restorer(server)
    assert (back.restore(note("a", 90, context=512)), back.restore(note("b")), back.lost) == (True, True, [])
    assert server.loads == [("a:latest", "90s", 512), ("b:latest", -1, 4096)]


def test_a_declared_model_and_one_that_is_there_are_left_alone() -> None:
    server = Server({"a:latest": resident("a")})
    back = restorer(server, "pin")
    assert (back.restore(note("a")), back.restore(note("pin")), back.lost, server.loads) == (False, False, [], [])


@pytest.mark.parametrize(
    ("model", "limit", "free", "reason"),
    [
        (note("gone"), None, None, "it is not installed any more"),
        (note("a"), 1, None, "the server keeps 1 models in memory at most, and has as many"),
        (note("a", size=81), None, 100, "the memory of the GPUs does not hold it beside the others"),
        (note("c"), None, None, "it went away"),
    ],
)
def test_why_a_model_does_not_come_back(model: Remembered, limit: int | None, free: int | None, reason: str) -> None:
    server = Server({"pin:latest": resident("pin")})
    back = restorer(server, "pin", limit=limit, free=free)
    assert back.restore(model) is False
    assert back.lost == [f"{model.name} was in memory before the restart and does not come back: {reason}"]
    assert list(server.models) == ["pin:latest"]


def test_a_declared_model_that_had_to_make_room_gets_it_back() -> None:
    server = Server({"pin:latest": resident("pin", context=512)}, places=1)
    back = restorer(server, "pin")
    assert back.restore(note("a")) is False
    assert back.lost == ["a:latest was in memory before the restart and does not come back: pin:latest, which is declared, had to make room for it"]
    assert (list(server.models), server.loads[-1]) == (["pin:latest"], ("pin:latest", -1, 512))
