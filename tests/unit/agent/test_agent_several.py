# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several servers on one host: what the commands are about that name none of them."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ollama_warmup import exits
from ollama_warmup.cli import commands
from ollama_warmup.cli import instances as several
from ollama_warmup.cli.main import main
from ollama_warmup.instance import Instance, InstanceError
from support.agent import URL, Agent, at_once


@pytest.fixture
def two(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """Instances one and two, and none that is named default; the server in memory answers for both."""
    agent.configure("a")
    monkeypatch.setattr("os.geteuid", lambda: 999)
    monkeypatch.setattr(commands, "import_http_client", lambda _url, **_others: None)
    monkeypatch.setattr("ollama_warmup.passes.signals.install_signal_handlers", lambda: None)
    default = pathlib.Path(agent.instance.configuration)
    for name in ("one", "two"):
        configure(agent, name, json.loads(default.read_text()) | {"unit": f"ollama@{name}.service"})
        for path in (instance(agent, name).warm_mark, f"{instance(agent, name).state_folder}/x"):
            pathlib.Path(path).parent.mkdir(parents=True)
    default.unlink()
    return agent


def instance(agent: Agent, name: str) -> Instance:
    return Instance(name, agent.instance.root)


def configure(agent: Agent, name: str, raw: dict[str, Any]) -> None:
    pathlib.Path(instance(agent, name).configuration).write_text(json.dumps(raw))


def call(agent: Agent, *words: str) -> int:
    return main(words, root=agent.instance.root)


def test_status_tells_of_all(two: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    call(two, "--instance", "two", "run")
    capsys.readouterr()
    configure(two, "one", {"url": URL, "unit": "ollama@one.service", "policy": {"models": ["b"]}})
    assert call(two, "status") == exits.NOT_RESIDENT, "the gravest of both"
    texts = at_once(capsys.readouterr().out).split("\n\nollama@two.service ")
    assert texts[0].startswith("ollama@one.service at http://127.0.0.1:11434: active")
    assert "No pass has ended yet." in texts[0]
    assert "last pass just now: warm" in texts[1]


def test_status_of_one_is_what_it_always_was(two: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    call(two, "run")
    capsys.readouterr()
    assert call(two, "--instance", "two", "status", "--json") == exits.WARM
    seen = json.loads(capsys.readouterr().out)
    assert (seen["instance"], seen["exit"], "instances" in seen) == ("two", 0, False)


def test_status_of_all_for_programs(two: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    call(two, "--instance", "one", "run")
    configure(two, "two", {"url": URL, "unit": "ollama@two.service", "policy": {"models": ["b"]}})
    capsys.readouterr()
    assert call(two, "status", "--json") == exits.NOT_RESIDENT
    seen = json.loads(capsys.readouterr().out)
    assert seen["exit"] == exits.NOT_RESIDENT
    assert [(one["instance"], one["exit"]) for one in seen["instances"]] == [("one", exits.WARM), ("two", exits.NOT_RESIDENT)]


def test_status_for_programs_leaves_out_what_is_not_configured_rightly(two: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    call(two, "run")
    configure(two, "one", {"url": "nonsense"})
    capsys.readouterr()
    assert call(two, "status", "--json") == exits.BAD_CONFIGURATION
    said = capsys.readouterr()
    assert [one["instance"] for one in json.loads(said.out)["instances"]] == ["two"]
    assert "nonsense" in said.err


def test_one_that_is_not_configured_rightly_is_in_no_other_s_way(two: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    configure(two, "one", {"url": "nonsense"})
    assert call(two, "run") == exits.BAD_CONFIGURATION
    assert two.server.work() == ["generate a:latest -1"], "for the other"
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("codes", "gravest"),
    [
        ((exits.NOT_RESIDENT, exits.ON_HOLD), exits.NOT_RESIDENT),
        ((exits.LOCKED, exits.UNREACHABLE), exits.UNREACHABLE),
        ((exits.INTERRUPTED, exits.NOT_RESIDENT), exits.NOT_RESIDENT),
        ((exits.NOT_RESIDENT, exits.UNREACHABLE), exits.UNREACHABLE),
        ((exits.UNREACHABLE, exits.BAD_CONFIGURATION), exits.BAD_CONFIGURATION),
        ((exits.STOPPED, exits.NOT_RESIDENT), exits.NOT_RESIDENT),
        ((exits.ON_HOLD, exits.STOPPED), exits.STOPPED),
        ((exits.LOCKED, exits.ON_HOLD, exits.WARM), exits.ON_HOLD),
        ((exits.WARM, exits.LOCKED), exits.LOCKED),
        ((exits.WARM, exits.WARM), exits.WARM),
        ((exits.BAD_CONFIGURATION, exits.NO_CONDITION), exits.NO_CONDITION),
    ],
)
def test_nothing_benign_hides_what_is_wrong(codes: tuple[int, ...], gravest: int, capsys: pytest.CaptureFixture[str]) -> None:
    instances = [Instance(f"i{number}") for number in range(len(codes))]
    by_name = {one.name: code for one, code in zip(instances, codes)}
    assert several.for_each(instances, lambda one: by_name[one.name]) == gravest
    capsys.readouterr()
    assert several.print_status_data(instances, lambda one: {"exit": by_name[one.name]}) == gravest
    assert json.loads(capsys.readouterr().out)["exit"] == gravest


def test_run_makes_a_pass_for_each(two: Agent) -> None:
    assert call(two, "run") == exits.WARM
    assert [pathlib.Path(instance(two, name).warm_mark).is_symlink() for name in ("one", "two")] == [True, True]


@pytest.mark.parametrize("command", ["wait", "watch", "notify", "condition"])
def test_what_is_about_one_asks_which(two: Agent, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(two, command) in (exits.BAD_CONFIGURATION, exits.NO_CONDITION)
    assert capsys.readouterr().err == "ollama-warmup: there are several servers on this host: name one with --instance (one, two)\n"


def test_the_only_one_needs_no_name_whatever_it_is_called(two: Agent) -> None:
    pathlib.Path(instance(two, "two").configuration).unlink()
    assert [found.name for found in several.select_instances(None, "wait", two.instance.root)] == ["one"]


def test_what_is_about_one_is_about_the_default_one_where_that_is(two: Agent) -> None:
    two.configure("a")
    assert [found.name for found in several.select_instances(None, "wait", two.instance.root)] == ["default"]
    assert [found.name for found in several.select_instances(None, "status", two.instance.root)] == ["default", "one", "two"]


def test_judging_a_file_is_about_none(two: Agent) -> None:
    assert call(two, "validate", instance(two, "one").configuration) == exits.WARM


def test_a_file_that_is_no_instance_s_is_passed_over(two: Agent) -> None:
    for name in ("-x.json", ".json", "one.json.tmp"):
        pathlib.Path(two.instance.root, "etc/ollama-warmup", name).write_text("{}")
    assert [found.name for found in several.configured(two.instance.root)] == ["one", "two"]


def test_a_name_that_is_none_is_refused(two: Agent) -> None:
    with pytest.raises(InstanceError, match="is not a name"):
        several.select_instances("", "status", two.instance.root)
