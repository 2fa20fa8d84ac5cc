# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The false-warm matrix, from one table: states of a host x everything that says whether it is warm.

Nothing may say warm unless a request that nobody has touched, with no keep_alive and no options, is answered without a load. What looks is
judged in the state itself; what a pass writes, after the next pass. The judge is that request, and the server's own count of loads. To
add a state is a row here; to add a view is a line in `support/views.py`.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

import pytest
from support.live_host import LiveHost
from support.views import LOOKS, WRITTEN, Views

MODEL = "tiny-a"


@dataclass(frozen=True)
class Row:
    """A state, made after a pass that ended warm. `looks`: who of those that look then says warm. `passes`: whether what the next pass
    writes says warm. `answers`: whether that request is answered without a load before that pass; None where nothing could come back to a test.
    `exception` is why a view may say warm although it is not."""

    state: str
    arrange: Callable[[Views], None]
    looks: frozenset[str] = frozenset()
    answers: bool | None = False
    passes: bool = True
    exception: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


def nothing(_views: Views) -> None:
    pass


def request(**body: Any) -> Callable[[Views], None]:
    """A client asks for the model."""

    def arrange(views: Views) -> None:
        views.live.stand_in.generate(MODEL, **body)

    return arrange


def gone(**body: Any) -> Callable[[Views], None]:
    """A client's request, and what follows from it."""

    def arrange(views: Views) -> None:
        views.live.stand_in.generate(MODEL, **body)
        views.live.stand_in.wait_for(lambda: MODEL not in views.live.stand_in.residents())

    return arrange


def to_runner(number: signal.Signals, state: str) -> Callable[[Views], None]:
    def arrange(views: Views) -> None:
        (runner,) = views.live.stand_in.runners()
        os.kill(runner, number)
        views.live.stand_in.wait_for(lambda: state_of(runner) in state)

    return arrange


def state_of(pid: int) -> str:
    """The kernel's letter; X for a process that there is not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def new_weights(views: Views) -> None:
    views.live.stand_in.post("/api/copy", source="tiny-b", destination=MODEL)


def new_weights_of_a_copy(views: Views) -> None:
    """The old ones still have a name."""
    views.live.stand_in.post("/api/copy", source=MODEL, destination="kept")
    new_weights(views)


def loading(views: Views) -> None:
    gone(keep_alive=0)(views)
    load_slowly(views)


def new_weights_loading(views: Views) -> None:
    new_weights(views)
    load_slowly(views)


def load_slowly(views: Views) -> None:
    """A client's request, which takes as long as the state is looked at, and ends before the pass gives up."""
    runners = len(views.live.stand_in.runners())
    for name in (MODEL, "tiny-b"):
        views.live.stand_in.door.order("load", model=name, seconds=15)
    views.live.stand_in.beside(MODEL)
    views.live.stand_in.wait_for(lambda: len(views.live.stand_in.runners()) > runners)


def deleted(views: Views) -> None:
    views.live.stand_in.caller.send("DELETE", "/api/delete", json.dumps({"model": MODEL}).encode())


def evicted(views: Views) -> None:
    views.live.stand_in.generate("tiny-b", keep_alive="5m")
    views.live.stand_in.wait_for(lambda: MODEL not in views.live.stand_in.residents())


def restarted(views: Views) -> None:
    views.live.stand_in.restart()


def stopped(views: Views) -> None:
    views.live.stand_in.end(signal.SIGTERM)


def hung(views: Views) -> None:
    views.stop_server()


def another_template(views: Views) -> None:
    """The weights stay, and the server goes on listing the old digest."""
    views.live.stand_in.post("/api/create", model=MODEL, **{"from": MODEL}, template="{{ .Prompt }}!", stream=False)


def unseen(arrange: Callable[[Views], None], passes: bool = True) -> Callable[[Views], None]:
    """On another host, or in a container: no process of the server is in sight. `passes`: a pass has been there since."""

    def elsewhere(views: Views) -> None:
        views.seeing = False
        if passes:
            views.make_pass()
        arrange(views)

    return elsewhere


EVERYBODY = frozenset(LOOKS)
PROVED = frozenset(("check", "wait, as every gate does", "status"))
"""They know of the last pass, and that it had an answer; the others call unknown what cannot be seen."""
BY_DESIGN = "what happened to a runner that cannot be seen since the last pass asked it, only the next pass can know"

TABLE = [
    Row("left alone", nothing, looks=EVERYBODY, answers=True),
    Row("asked by a client", request(prompt="hi"), looks=EVERYBODY, answers=True),
    Row("about to leave, as a client wished", request(keep_alive="5m"), answers=True),
    Row("unloaded by a client", gone(keep_alive=0)),
    Row("expired, as a client wished", gone(keep_alive="0.1s")),
    Row("evicted by another model", evicted, environment={"OLLAMA_MAX_LOADED_MODELS": "1"}),
    Row("runner killed", to_runner(signal.SIGKILL, "ZX")),
    Row("runner stopped", to_runner(signal.SIGSTOP, "T")),
    Row("new weights under its name", new_weights),
    Row("new weights under its name, a copy has the old ones", new_weights_of_a_copy),
    Row("new weights that a client is loading", new_weights_loading, answers=None),
    Row("another template on the same weights", another_template, looks=EVERYBODY, answers=True),
    Row("being loaded by a client", loading, answers=None),
    Row("deleted, and still in memory", deleted, passes=False),
    Row("server restarted", restarted),
    Row("server stopped", stopped, passes=False),
    Row("server hangs", hung, answers=None, passes=False),
    Row("unseen, asked by the last pass", unseen(nothing), looks=PROVED, answers=True),
    Row("unseen, asked by no pass", unseen(nothing, passes=False), answers=True),
    Row("unseen, unloaded by a client", unseen(gone(keep_alive=0))),
    Row("unseen, new weights under its name", unseen(new_weights)),
    Row("unseen, server stopped", unseen(stopped), passes=False),
    Row("unseen, runner killed", unseen(to_runner(signal.SIGKILL, "ZX")), looks=PROVED, exception=BY_DESIGN),
]
ROWS = pytest.mark.parametrize("row", TABLE, ids=[row.state for row in TABLE])


def answered_without_a_load(live: LiveHost) -> bool:
    """What a client gets that asks as most do."""
    try:
        before = sum(live.stand_in.counters()["loads"].values())
        answer = live.stand_in.generate(MODEL, prompt="hi")
        return answer["status"] == 200 and sum(live.stand_in.counters()["loads"].values()) == before
    except (OSError, http.client.HTTPException):
        return False


def arranged(views: Views, row: Row) -> None:
    views.live.stand_in.run(**row.environment)
    views.declare(MODEL)
    assert views.make_pass() == 0
    row.arrange(views)


@ROWS
def test_what_looks_says_warm_only_where_the_next_request_waits_for_nothing(views: Views, row: Row) -> None:
    arranged(views, row)
    assert views.looks() == {name: name in row.looks for name in LOOKS}
    if row.answers is not None:
        assert answered_without_a_load(views.live) is row.answers


@ROWS
def test_what_the_next_pass_writes_says_warm_only_where_the_next_request_waits_for_nothing(views: Views, row: Row) -> None:
    arranged(views, row)
    views.make_pass()
    assert views.written() == dict.fromkeys(WRITTEN, row.passes)
    if row.passes:
        assert answered_without_a_load(views.live)


def test_no_row_of_the_table_is_a_false_warm() -> None:
    """But for what is said to be one, and why."""
    assert [row.state for row in TABLE if row.looks and not row.answers and not row.exception] == []
    assert [row.state for row in TABLE if row.exception] == ["unseen, runner killed"]
