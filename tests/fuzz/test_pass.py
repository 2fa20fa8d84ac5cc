# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole passes of the agent over a server that garbles: each ends with a number, none says warm of a host that is not, and what is
remembered of it does not keep the next one, over the same server in order, from putting everything right."""

from __future__ import annotations

import contextlib
import io
import itertools
import pathlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
import reader
from cases import CASES
from http_front import carry_out, date
from hypothesis import given, settings
from hypothesis import strategies as st
from json_text import render
from malformed import good, spoil
from support.agent import RUNNING, Agent
from support.fake_server import FakeServer, Installed
from support.wire import Request, answered

# isort: split
import keepwarm._residency.server.observer
from ollama_warmup import exits
from ollama_warmup.cli import looking
from ollama_warmup.cli.main import main
from ollama_warmup.passes import one_pass, startup_wait

SHARE = CASES * 2 // 10 // 2
URL = "http://127.0.0.1:11434"
PINS = (Installed("tiny-a"), Installed("embed", embeds=True, training=512))
PATHS = ("/api/ps", "/api/tags", "/api/show", "/api/generate", "/api/embed", "/api/version")
STATES = ("absent", "resident", "dead", "5m", "other context")


@dataclass
class Garbler:
    """Carries out what it is asked, and tells of it wrongly: on `paths`, and of each only the requests whose number is in `turns`. A load
    that is `refused` is not even carried out."""

    server: FakeServer
    draw: Any
    paths: frozenset[str] = frozenset()
    turns: frozenset[int] = frozenset()
    refused: bool = False
    asked: dict[str, Iterator[int]] = field(default_factory=dict)
    last_list: bytes = b""
    acknowledged: list[tuple[str, bytes]] = field(default_factory=list)

    def answer(self, request: Request) -> bytes:
        path = request.line.split()[1]
        turn = next(self.asked.setdefault(path, itertools.count()))
        spoilt = path in self.paths and turn in self.turns
        if spoilt and self.refused and path in ("/api/generate", "/api/embed"):
            sent = spoil(self.draw, {"model": "x"}, date(self.server))
        else:
            status, data = carry_out(self.server, request)
            sent = spoil(self.draw, data, date(self.server)) if spoilt else _good(status, data, date(self.server))
        self._note(path, request, sent)
        return sent

    def _note(self, path: str, request: Request, sent: bytes) -> None:
        if path == "/api/ps":
            self.last_list = sent
        elif path in ("/api/generate", "/api/embed"):
            self.acknowledged.append((request.body.decode(), sent))

    def may_be_called_warm(self, pin: Installed) -> bool:
        """It is, or the server said so in so many words."""
        name = f"{pin.name}:latest"
        loaded = self.server.at(pin.name)
        acknowledged = any(f'"{name}"' in body and reader.acknowledges(sent, name) for body, sent in self.acknowledged)
        listed = loaded is not None and loaded.keep_alive.is_forever
        lives = loaded is not None and loaded.alive
        return (lives or acknowledged) and (listed or acknowledged or reader.says_for_ever(self.last_list, name, pin.digest))


def _good(status: int, data: Any, now: str) -> bytes:
    return good(render(data).encode(), now, f"HTTP/1.1 {status} x").sent()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("seeing", [True, False], ids=["processes seen", "unseen"])
@settings(max_examples=SHARE)
@given(data=st.data())
def test_a_pass_over_garbled_answers(seeing: bool, data: st.DataObject) -> None:
    with agent_before(data.draw, seeing) as (agent, garbler):
        garbler.paths = frozenset(data.draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3)))
        garbler.turns = data.draw(st.sampled_from([frozenset({0}), frozenset({1}), frozenset({2}), frozenset(range(1000))]))
        garbler.refused = data.draw(st.booleans())
        end = run(agent, garbler)
        assert end in (exits.WARM, exits.NOT_RESIDENT, exits.UNREACHABLE)
        if end == exits.WARM:
            assert [pin.name for pin in PINS if not garbler.may_be_called_warm(pin)] == []
        assert agent.is_marked_warm is (end == exits.WARM)
        if tell(agent) == exits.WARM:
            assert [pin.name for pin in PINS if not garbler.may_be_called_warm(pin)] == []
        if "/api/show" not in garbler.paths:  # what a card said wrongly is believed for as long as its digest is the same
            garbler.paths = frozenset()
            assert run(agent, garbler) == exits.WARM
            assert all(entry is not None and entry.alive and entry.keep_alive.is_forever for entry in map(agent.server.at, ("tiny-a", "embed")))


@contextmanager
def agent_before(draw: Any, seeing: bool) -> Iterator[tuple[Agent, Garbler]]:
    server = FakeServer(list(PINS))
    for pin in PINS:
        prepare(server, pin.name, draw(st.sampled_from(STATES)))
    garbler = Garbler(server, draw)
    with ExitStack() as stack:
        agent = Agent(pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))), server)
        for target, name, value in seams(agent, garbler, seeing):
            stack.enter_context(mock.patch.object(target, name, value))
        stack.enter_context(answered(garbler.answer))
        yield agent, garbler


def seams(agent: Agent, garbler: Garbler, seeing: bool) -> list[tuple[Any, str, Any]]:
    """The host's own: processes, systemd and the clock, on which no time passes."""
    warmer = one_pass.Warmer
    clock = garbler.server.clock
    return [
        (keepwarm._residency.server.observer, "living_runners", lambda _unit, **_where: garbler.server.runners() if seeing else None),
        (one_pass, "server_identity", lambda _unit, **_where: agent.start),
        (one_pass, "Warmer", lambda *given, **named: warmer(*given, **named, clock=clock)),
        (startup_wait, "unit_state", lambda _unit: dict(RUNNING)),
        (looking, "unit_state", lambda _unit: dict(RUNNING)),
        (one_pass, "WaitingObserver", lambda **named: startup_wait.WaitingObserver(**named, _started=clock.seconds, clock=clock.monotonic)),
        (startup_wait, "time", clock),
    ]


def prepare(server: FakeServer, name: str, state: str) -> None:
    if state != "absent":
        server.hold(name, "5m" if state == "5m" else -1, 1024 if state == "other context" else None)
    if state == "dead":
        server.kill(name)


def run(agent: Agent, garbler: Garbler) -> int:
    garbler.acknowledged.clear()
    garbler.asked.clear()
    return agent.run(*(pin.name for pin in PINS))


def tell(agent: Agent) -> int:
    """What was remembered can be read back and told, beside what a look finds then."""
    agent.configure(*(pin.name for pin in PINS))
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        end = main(["status"], agent.instance.root)
    assert end in (exits.WARM, exits.NOT_RESIDENT, exits.UNREACHABLE)
    assert "Traceback" not in told.getvalue()
    return end
