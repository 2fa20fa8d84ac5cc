# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`status` tells what is so now, and marks whatever is of the past; with nothing declared there is nothing to tell."""

from __future__ import annotations

import itertools
import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_page.rows import fleet_rows
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_table import fleet_table
from ollama_warmup import exits
from ollama_warmup.cli import commands, looking, waiting
from ollama_warmup.cli.main import main
from ollama_warmup.instance import Instance
from support.agent import STOPPED, URL, Agent, at_once
from support.raw_server import answering, head
from support.values import NOW

Status = Callable[[], tuple[int, dict[str, Any], list[list[str]]]]


@pytest.fixture
def warm(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """A host whose last pass left two pins in memory."""
    monkeypatch.setattr(commands, "import_http_client", lambda _url, **_others: None)
    monkeypatch.setattr(waiting, "import_http_client", lambda _url: None)
    monkeypatch.setattr("os.geteuid", lambda: 999)
    monkeypatch.setattr("ollama_warmup.passes.signals.install_signal_handlers", lambda: None)
    agent.configure("a", "b")
    assert agent.run("a", "b") == exits.WARM
    return agent


@pytest.fixture
def status(warm: Agent, capsys: pytest.CaptureFixture[str]) -> Status:
    """Exit status, data, and the table's rows of what `status` says; both forms agree on the first."""

    def call() -> tuple[int, dict[str, Any], list[list[str]]]:
        capsys.readouterr()
        code = main(["status", "--json"], root=warm.instance.root)
        seen = json.loads(capsys.readouterr().out)
        assert main(["status"], root=warm.instance.root) == code == seen["exit"]
        text = capsys.readouterr().out.split("\n\n")[1].splitlines()
        return code, seen, [[cell.strip() for cell in line.split("  ") if cell] for line in text[1:3]]

    return call


def test_a_server_that_was_emptied_since_the_pass_has_nothing(warm: Agent, status: Status) -> None:
    warm.server.loaded.clear()
    code, seen, rows = status()
    assert (code, [model["resident"] for model in seen["models"]]) == (exits.NOT_RESIDENT, [False, False])
    assert [row[2] for row in rows] == ["not resident"] * 2
    assert (seen["last_pass"]["exit"], seen["looked"]["exit"]) == (exits.WARM, exits.NOT_RESIDENT)


def test_a_runner_that_was_killed_since_the_pass_is_seen(warm: Agent, status: Status) -> None:
    next(iter(warm.server.loaded.values())).alive = False
    code, seen, rows = status()
    assert (code, [model["drift"] for model in seen["models"]]) == (exits.NOT_RESIDENT, [["dead_runner"], []])
    assert [row[2] for row in rows] == ["not resident", "resident"]


def test_a_stopped_server_has_nothing_in_memory(warm: Agent, status: Status) -> None:
    warm.unit = STOPPED
    code, seen, rows = status()
    assert (code, seen["looked"]) == (exits.STOPPED, None)
    assert [(model["resident"], model["after"]) for model in seen["models"]] == [(False, None)] * 2
    assert [row[2:4] for row in rows] == [["not resident", "-"]] * 2


def test_what_cannot_be_seen_is_of_the_last_pass_and_says_so(warm: Agent, status: Status) -> None:
    warm.server.gone = True
    code, seen, rows = status()
    assert code == exits.UNREACHABLE
    assert [(model["past"], model["resident"], model["was_resident"]) for model in seen["models"]] == [(True, None, True)] * 2
    assert [row[2] for row in rows] == ["was resident"] * 2
    fleet = fleet_table({"gpu1": {"rc": code, "stdout": json.dumps(seen)}}, NOW)
    assert ("was resident" in fleet, fleet.endswith("0 of 1 hosts warm")) == (True, True)


def test_a_model_that_no_pass_has_seen_and_nobody_can_see_is_unknown(warm: Agent, status: Status) -> None:
    warm.configure("a", "c")
    warm.server.gone = True
    assert [row[2] for row in status()[2]] == ["was resident", "not looked at yet"]


def test_the_last_pass_is_told_beside_it(warm: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    warm.configure("a", "nowhere")
    warm.run("a", "nowhere")
    warm.server.gone = True
    capsys.readouterr()
    assert main(["status"], root=warm.instance.root) == exits.UNREACHABLE
    said = at_once(capsys.readouterr().out)
    assert "last pass: not warm: nowhere is not installed on the server" in said
    assert said.splitlines()[1].startswith("looked just now: server unreachable, after ")


def test_a_server_that_trickles_gets_no_longer_than_anybody(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of its bytes comes in time; all of them never would."""
    monkeypatch.setattr(looking, "LONGEST", 0.5)
    path = pathlib.Path(Instance("default", str(tmp_path)).configuration)
    path.parent.mkdir(parents=True)
    with answering(head("Content-Length: 100000"), *itertools.repeat(b" ", 1000), pause=0.05) as server:
        path.write_text(json.dumps({"url": server.url, "unit": "no-such.service", "policy": {"models": ["a"]}}))
        assert main(["status"], root=str(tmp_path)) == exits.UNREACHABLE
    assert f"not warm: the server at {server.url} did not answer within 0.5 s" in capsys.readouterr().out


def test_a_unit_of_this_host_says_nothing_of_another_machines_server(warm: Agent, status: Status) -> None:
    warm.unit = STOPPED
    path = pathlib.Path(warm.instance.configuration)
    path.write_text(json.dumps({**json.loads(path.read_text()), "url": "http://198.51.100.1:11434"}))
    assert status()[0] != exits.STOPPED
    assert main(["condition"], root=warm.instance.root) == exits.WARM


def test_with_nothing_declared_nothing_is_looked_for_and_nothing_given_back(warm: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    pathlib.Path(warm.instance.configuration).write_text(json.dumps({"url": URL, "policy": {"models": None}}))
    warm.server.calls.clear()
    for command in ("check", "wait", "status"):
        capsys.readouterr()
        assert main([command], root=warm.instance.root) == exits.BAD_CONFIGURATION
        assert "o models are declared" in "".join(capsys.readouterr())
    assert main(["run"], root=warm.instance.root) == exits.UNDECLARED
    assert (warm.server.work(), warm.is_marked_warm) == ([], False)
    assert [str(name) for name in sorted(warm.state.pinned, key=str)] == ["a:latest", "b:latest"]


@pytest.mark.parametrize("models", [None, []])
def test_no_look_is_called_warm_that_had_no_model_to_look_for(warm: Agent, capsys: pytest.CaptureFixture[str], models: list[str] | None) -> None:
    pathlib.Path(warm.instance.configuration).write_text(json.dumps({"url": URL, "policy": {"models": models}}))
    main(["run"], root=warm.instance.root)
    capsys.readouterr()
    main(["status"], root=warm.instance.root)
    said = at_once(capsys.readouterr().out)
    assert "looked just now: nothing declared, in " in said
    assert ("last pass just now: warm, in " in said) is (models is None), "that was a pass with models"


def test_an_empty_list_gives_the_pins_back_and_is_neither_warm_nor_cold(warm: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    warm.configure()
    warm.server.calls.clear()
    assert main(["run"], root=warm.instance.root) == exits.WARM
    assert len(warm.server.work()) == 2, "each has its finite expiry again"
    assert not warm.is_marked_warm
    capsys.readouterr()
    for command in ("check", "status"):
        assert main([command], root=warm.instance.root) == exits.WARM
        assert "nothing declared" in capsys.readouterr().out
    main(["status", "--json"], root=warm.instance.root)
    table = fleet_table({"gpu1": {"rc": 0, "stdout": capsys.readouterr().out}}, NOW)
    assert "nothing declared" in table
    assert table.endswith("0 of 1 hosts warm")


def test_the_worst_model_comes_first(warm: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    list(warm.server.loaded.values())[-1].alive = False
    capsys.readouterr()
    main(["status"], root=warm.instance.root)
    table = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert [line.split()[0] for line in table[:3]] == ["MODEL", "b", "a"]


def test_the_fleet_page_reads_what_status_tells(warm: Agent, status: Status) -> None:
    list(warm.server.loaded.values())[-1].alive = False
    code, seen, _rows = status()
    rows = fleet_rows({"gpu1": {"rc": code, "stdout": json.dumps(seen)}}, NOW)
    assert [(row.result.word, row.model, row.state.word if row.state else "", list(row.drift)) for row in rows] == [
        ("not warm", "b", "not resident", ["dead_runner"]),
        ("not warm", "a", "resident", []),
    ]
    assert [row.until and row.until.words for row in rows] == ["for ever", "for ever"]
    assert all(row.vram and row.vram.percent == 100 for row in rows)
    assert rows[0].why == seen["looked"]["failures"]
