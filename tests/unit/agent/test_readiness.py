# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readiness file: what a pass writes, when it counts, and what takes a host out of service at once."""

from __future__ import annotations

import os
import pathlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from keepwarm._base.layout import invocation_link
from keepwarm._residency.decide.progress import Progress
from keepwarm._residency.server.hold_file import Hold, write_hold
from keepwarm._residency.values.keep_alive import KeepAlive
from ollama_warmup.ready import board, rule
from ollama_warmup.ready.readiness import FORMAT, Readiness, parse, text_of
from ollama_warmup.ready.rule import Answer, Now
from support.agent import Agent

A = "registry.ollama.ai/library/a:latest"
B = "registry.ollama.ai/library/b:latest"
READY = Answer("ready", "resident")


def start_unit(agent: Agent, invocation: str) -> None:
    """As systemd does when it starts the server's unit."""
    link = pathlib.Path(invocation_link("ollama.service", agent.instance.root))
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(invocation)


def stop_unit(agent: Agent) -> None:
    pathlib.Path(invocation_link("ollama.service", agent.instance.root)).unlink()


@pytest.fixture
def started(agent: Agent) -> Agent:
    start_unit(agent, "1" * 32)
    return agent


def ask(agent: Agent, model: str | None = None) -> Answer:
    return rule.answer(agent.instance.readiness, model, agent.instance.root)


def found(agent: Agent) -> Readiness:
    return parse(pathlib.Path(agent.instance.readiness).read_text())


def order(path: str) -> None:
    now = time.time()
    write_hold(path, Hold(until=now + 60, since=now))


def test_a_warm_pass_makes_the_host_ready_and_each_model(started: Agent) -> None:
    assert started.run("a", {"name": "B", "required": False}) == 0
    assert [ask(started), ask(started, A), ask(started, B), ask(started, "c")] == [READY, READY, READY, Answer("cold", "not_declared")]
    assert [(proof.model, proof.required) for proof in found(started).proofs] == [(A, True), (B, False)]


def test_every_user_may_read_it(started: Agent) -> None:
    os.umask(0o077)
    started.run("a")
    assert os.stat(started.instance.readiness).st_mode & 0o777 == 0o644


def test_without_a_pass_nothing_is_ready(started: Agent) -> None:
    assert ask(started) == Answer("cold", "unreadable")


def test_a_model_that_cannot_be_loaded_says_why(started: Agent) -> None:
    assert started.run("a", "gone") == 1
    assert [ask(started), ask(started, A)] == [Answer("cold", "not_installed"), READY]


def test_an_optional_model_takes_nobody_out_of_service(started: Agent) -> None:
    started.run("a", {"name": "gone", "required": False})
    assert ask(started) == READY


@pytest.mark.parametrize("models", [(), ("a",)])
def test_nothing_is_ready_where_nothing_is_declared(started: Agent, models: Sequence[str]) -> None:
    started.run(*models)
    assert ask(started) == (READY if models else Answer("cold", "nothing_declared"))


def test_a_stop_and_a_restart_count_at_once(started: Agent) -> None:
    started.run("a")
    stop_unit(started)
    assert [ask(started), ask(started, A)] == [Answer("stopped", "stopped")] * 2
    start_unit(started, "2" * 32)
    assert [ask(started), ask(started, A)] == [Answer("cold", "restarted")] * 2


def test_a_server_that_is_no_unit_of_this_host_is_judged_by_age_alone(agent: Agent) -> None:
    agent.run("a")
    assert ask(agent) == READY
    assert found(agent).start.unit == "-"


def test_a_server_that_is_gone_is_not_ready(started: Agent) -> None:
    started.run("a")
    started.server.gone = True
    assert started.run("a") == 3
    assert [ask(started), ask(started, A)] == [Answer("cold", "unreachable")] * 2


@pytest.mark.parametrize("word", ["hold", "drain"])
def test_an_order_counts_at_once_and_through_passes(started: Agent, word: str) -> None:
    started.run("a")
    order(getattr(started.instance, word))
    board.publish_order(started.instance)
    assert [ask(started), ask(started, A)] == [Answer(word, word)] * 2
    started.run("a")
    assert ask(started) == Answer(word, word)
    os.unlink(getattr(started.instance, word))
    started.run("a")
    assert ask(started) == READY


def test_a_hold_that_begins_while_a_pass_writes_is_not_lost(started: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    write, written = board.replace_file, []

    def slow(path: str, content: bytes, **others: object) -> None:
        if not written:
            order(started.instance.hold)
        written.append(content.split(b"\n")[1].split(b" ")[0])
        write(path, content, **others)

    started.run("a")
    monkeypatch.setattr(board, "replace_file", slow)
    board.publish(started.instance, replace(found(started), state="ready"))
    assert written == [b"ready", b"hold"]
    assert ask(started) == Answer("hold", "hold")


def test_what_a_pass_is_about_to_mend_is_said_before_it_is_mended(started: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    started.run("a", "b")
    started.server.kill("b")
    seen: list[tuple[Answer, Answer]] = []
    looked = board.Board.looked

    def look(self: board.Board, models: Sequence[Progress]) -> None:
        looked(self, models)
        seen.append((ask(started, A), ask(started, B)))

    monkeypatch.setattr(board.Board, "looked", look)
    assert started.run("a", "b") == 0
    assert seen[0] == (READY, Answer("cold", "dead_runner"))
    assert (ask(started), ask(started, B)) == (READY, READY)


def test_a_clients_keep_alive_takes_nobody_out_of_service_for_the_moment_until_it_is_put_right(
    started: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    started.run("a")
    started.server.serve("a", KeepAlive.parse("5m"))
    seen: list[Answer] = []
    looked: Callable[..., None] = board.Board.looked
    monkeypatch.setattr(board.Board, "looked", lambda self, models: (looked(self, models), seen.append(ask(started)))[0])
    started.run("a")
    assert set(seen) == {READY}


def test_a_look_during_which_the_server_was_restarted_proves_nothing(started: Agent) -> None:
    started.run("a")
    made = board.Board(started.instance, started.configuration("a"))
    start_unit(started, "2" * 32)
    made.looked([])
    assert ask(started) == Answer("cold", "restarted")


@pytest.mark.parametrize(
    ("wall", "boot", "expected"),
    [
        (1000.0, 100.0, READY),
        (1299.0, 399.0, READY),
        (1300.0, 399.0, Answer("cold", "stale")),
        (1299.0, 400.0, Answer("cold", "stale")),
        (500.0, 400.0, Answer("cold", "stale")),  # the wall clock was put back
        (1000.0, 99.0, Answer("cold", "stale")),  # of another boot
    ],
)
def test_a_proof_ends_by_whichever_clock_is_first(wall: float, boot: float, expected: Answer) -> None:
    text = f"{FORMAT}\nready resident 1300 100 400 - - 0\nyes resident 1300 100 400 {A} required\n"
    now = Now(wall, boot, parse(text).start)
    assert [rule.judge(parse(text), now), rule.judge(parse(text), now, A)] == [expected, expected]


def test_the_server_is_as_old_as_its_oldest_proof(started: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "seconds_since_boot", lambda: 1000.0)
    started.run("a")
    assert (found(started).span.since, found(started).span.end) == (1000, 1300)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "\x00" * 500,
        f"{FORMAT}\n",
        f"{FORMAT}\nready resident 1 2 3 - -\n",
        f"{FORMAT}\nready resident 1 2 99999999999 - - -1\n",
        f"{FORMAT}\nwarm resident 1 2 3 - - 0\n",
        f"{FORMAT}\nready resident 9999999999 0 9999999999 - - 0\nmaybe resident 1 2 3 a required\n",
        f"{FORMAT}\nready resident 9999999999 0 9999999999 - - 0",  # cut off
        "keepwarm-ready 2\nready resident 9999999999 0 9999999999 - - 0\n",
    ],
)
def test_garbage_is_not_ready(agent: Agent, text: str) -> None:
    pathlib.Path(agent.instance.readiness).write_text(text)
    assert ask(agent) == Answer("cold", "unreadable")


def test_what_another_user_planted_is_not_ready(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.run("a")
    path = pathlib.Path(agent.instance.readiness)
    os.chown(path, 12345, 12345)
    os.chown(path.parent, 999, 999)
    assert ask(agent) == Answer("cold", "unreadable")
    os.chown(path, 999, 999)
    assert ask(agent) == READY
    path.chmod(0o666)
    assert ask(agent) == Answer("cold", "unreadable")
    path.chmod(0o644)
    path.rename(f"{path}.real")
    path.symlink_to(f"{path}.real")
    assert ask(agent) == Answer("cold", "unreadable")


def test_it_is_read_back_as_it_was_written(started: Agent) -> None:
    started.run("a", {"name": "b", "required": False})
    assert text_of(found(started)) == pathlib.Path(started.instance.readiness).read_text()


def test_a_folder_that_cannot_be_written_to_does_not_make_a_pass_fail(started: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    path = pathlib.Path(started.instance.readiness)
    path.mkdir()
    assert started.run("a") == 0
    assert capsys.readouterr().err.count("readiness_not_written") == 1
