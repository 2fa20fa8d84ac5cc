# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent puts into the queue of notifications, and what it leaves out."""

from __future__ import annotations

import os
import pathlib
import stat
from dataclasses import replace
from typing import Any

import pytest
from ollama_warmup import exits
from ollama_warmup.cli.main import main
from ollama_warmup.configuration import parse
from ollama_warmup.events import Event
from ollama_warmup.notify import notifications, pending
from ollama_warmup.notify.notifications import queue, queue_operator_action
from ollama_warmup.notify.pending import Pending
from ollama_warmup.passes import one_pass
from ollama_warmup.state.state import LastPass, State
from support.agent import URL, Agent

NOTIFY = parse({"url": URL, "policy": {"models": []}, "notify": True})
LOAD = Event(5, "load", {"model": "a:latest", "seconds": 1.5, "cause": None})
WARM = Event(5, "pass", {"result": "warm", "seconds": 2.0, "models": 1})
COLD = Event(3, "not_warm", {"reason": "a:latest is not installed"})


def after(exit_status: int = exits.WARM) -> State:
    return replace(State(), last_pass=LastPass(at=1700000000.25, seconds=1, exit=exit_status))


def queued(agent: Agent) -> list[list[str]]:
    return [[event.name for event in entry.events] for entry in Pending(agent.instance.notifications).read()]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], []),
        ([LOAD], []),
        ([LOAD, WARM], [["load", "pass"]]),
        ([COLD], [["not_warm"]]),
        ([Event(5, "drift_detected", {"model": "a:latest"})], [["drift_detected"]]),
        ([Event(4, "something_of_tomorrow")], [["something_of_tomorrow"]]),
    ],
)
def test_only_news_is_queued_with_what_was_done_about_it(agent: Agent, events: list[Event], told: list[list[str]]) -> None:
    queue(agent.instance, NOTIFY, after(), events)
    assert queued(agent) == told


def test_nothing_is_queued_where_nobody_is_to_be_told(agent: Agent) -> None:
    queue(agent.instance, replace(NOTIFY, notify=False), after(), [COLD])
    assert not os.path.exists(agent.instance.notifications)


def test_a_pass_that_was_told_to_stop_is_no_news(agent: Agent) -> None:
    queue(agent.instance, NOTIFY, after(exits.INTERRUPTED), [LOAD, COLD, replace(WARM, fields={"result": "interrupted"})])
    assert queued(agent) == []


def test_an_entry_comes_back_as_it_was_told(agent: Agent) -> None:
    queue(agent.instance, NOTIFY, after(), [LOAD, WARM])
    (entry,) = Pending(agent.instance.notifications).read()
    assert (entry.at, entry.events) == (1700000000.25, (LOAD, WARM))


def test_the_group_may_empty_the_folder_and_nobody_else_may_look(agent: Agent) -> None:
    before = os.umask(0o077)
    try:
        queue(agent.instance, NOTIFY, after(), [WARM])
    finally:
        os.umask(before)
    folder = pathlib.Path(agent.instance.notifications)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]
    assert modes == [0o770, 0o640]


def test_above_the_limit_the_oldest_go_with_one_line_each_time(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = []
    monkeypatch.setattr(pending, "LIMIT", 3)
    folder = Pending(str(tmp_path / "notify"), lambda *words, **fields: said.append((words, fields)))
    for at in range(5):
        folder.append(at, [WARM])
    assert [entry.at for entry in folder.read()] == [2, 3, 4]
    assert said == [((4, "notifications_dropped"), {"count": 1, "reason": "more than 3 wait to be sent"})] * 2


@pytest.mark.parametrize("garbage", ["", "{", "[]", "{}", '{"at": "x", "events": []}', '{"at": 1, "events": [1]}', '{"at": 1, "events": [{"name": "x"}]}'])
def test_what_is_no_entry_is_dropped_with_a_line(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], garbage: str) -> None:
    folder = Pending(str(tmp_path / "notify"))
    folder.append(1, [WARM])
    (tmp_path / "notify/0.json").write_text(garbage)
    assert [entry.at for entry in folder.read()] == [1]
    assert len(os.listdir(folder.folder)) == 1
    assert capsys.readouterr().err == 'event=notifications_dropped count=1 reason="they are no notifications"\n'


def test_neither_a_pipe_nor_a_link_is_read(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Pending(str(tmp_path / "notify"))
    folder.append(1, [WARM])
    (tmp_path / "link").write_text('{"at": 2, "events": []}')
    (tmp_path / "notify/0.json").symlink_to(tmp_path / "link")
    os.mkfifo(tmp_path / "notify/1.json")
    assert [entry.at for entry in folder.read()] == [1]
    assert "count=2" in capsys.readouterr().err


def test_what_the_notifier_has_sent_meanwhile_is_no_trouble(tmp_path: pathlib.Path) -> None:
    folder = Pending(str(tmp_path / "notify"))
    folder.append(1, [WARM])
    (entry,) = folder.read()
    folder.remove([entry.name])
    folder.remove([entry.name])
    assert folder.read() == []


def test_a_link_that_lies_in_wait_is_not_followed(tmp_path: pathlib.Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / f"notify.{os.getpid()}.new").symlink_to(victim)
    Pending(str(tmp_path / "notify")).append(1, [WARM])
    assert victim.read_text() == "mine"


def test_a_full_disk_costs_the_pass_a_line(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    pathlib.Path(agent.instance.notifications).write_text("in the way")
    told = parse({"url": URL, "policy": {"models": ["a"]}, "ready_timeout": 0.01, "notify": True})
    assert one_pass.make_pass(agent.instance, told) == exits.WARM
    assert "event=channel_failed channel=notifications" in capsys.readouterr().err


def test_a_test_that_nobody_sends_is_said_to_be_so(
    agent: Agent, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notifications, "PATIENCE", 0.01)
    agent.configure("a", notify=True)
    assert main(["notify", "--test"], str(tmp_path)) == exits.NOT_RESIDENT
    assert queued(agent) == [["test"]]
    assert capsys.readouterr().err.startswith("ollama-warmup: nobody has tried to send it within 0.01 s: 'journalctl -u ollama-warmup-notify.service'")


def test_a_test_says_why_it_reaches_nobody(agent: Agent, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    agent.configure("a")
    assert main(["notify", "--test"], str(tmp_path)) == exits.BAD_CONFIGURATION
    assert capsys.readouterr().err == "ollama-warmup: notifications are not configured: set ollama_warmup_notify_urls and run the role\n"


def test_what_an_operator_did_is_told(agent: Agent) -> None:
    agent.configure("a", notify=True)
    queue_operator_action(agent.instance, "hold", until="2026-11-21T14:00:00Z", reason="new GPU")
    assert queued(agent) == [["hold"]]


def test_an_operator_is_not_kept_from_it_by_a_broken_queue(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.configure("a", notify=True)
    pathlib.Path(agent.instance.notifications).write_text("in the way")
    queue_operator_action(agent.instance, "hold")
    assert capsys.readouterr().err.startswith("ollama-warmup: cannot queue the notification: ")
