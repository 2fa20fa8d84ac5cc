# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: what each command prints and ends with."""

from __future__ import annotations

import json
import pathlib

import pytest
from ollama_warmup import exits
from ollama_warmup.cli import commands
from ollama_warmup.cli.main import main
from ollama_warmup.state import state_file
from ollama_warmup.state.lock import Locked, only_one
from support.agent import STOPPED, Agent, at_once


@pytest.fixture
def command(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    agent.configure("a", {"name": "b", "policy": "warm", "keep_alive": "30m"})
    monkeypatch.setattr("os.geteuid", lambda: 999)
    monkeypatch.setattr(commands, "import_http_client", lambda _url, **_others: None)
    monkeypatch.setattr("ollama_warmup.passes.signals.install_signal_handlers", lambda: None)
    return agent


def call(agent: Agent, *words: str) -> int:
    return main(words, root=agent.instance.root)


def test_run_makes_a_pass(command: Agent) -> None:
    assert call(command, "run") == exits.WARM
    assert command.server.work() == ["generate a:latest -1", "generate b:latest 1800s"]


def test_status_before_the_first_pass(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(command, "status") == exits.NOT_RESIDENT
    assert "No pass has ended yet." in capsys.readouterr().out


def test_status_after_a_pass(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    call(command, "run")
    capsys.readouterr()
    assert call(command, "status") == exits.WARM
    said = at_once(capsys.readouterr().out).splitlines()
    assert said[0] == "ollama.service at http://127.0.0.1:11434: active (running)"
    assert said[1].startswith("looked just now: warm, in ")
    assert said[2].startswith("last pass just now: warm, in ")
    assert [line.split()[:3] for line in said[4:]] == [["MODEL", "POLICY", "STATE"], ["a", "pin", "resident"], ["b", "warm", "(optional)"]]


def test_status_tells_why_a_host_is_not_warm(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    command.configure("a", "nowhere")
    call(command, "run")
    capsys.readouterr()
    assert call(command, "status") == exits.NOT_RESIDENT
    assert "not warm: nowhere is not installed on the server: pull or create it first" in capsys.readouterr().out


def test_status_for_programs(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    call(command, "run")
    capsys.readouterr()
    call(command, "status", "--json")
    seen = json.loads(capsys.readouterr().out)
    assert (seen["exit"], seen["result"], seen["instance"], seen["service"]["ActiveState"]) == (0, "warm", "default", "active")
    assert [(model["name"], model["resident"], model["drift"]) for model in seen["models"]] == [("a", True, []), ("b", True, [])]


def test_status_of_a_stopped_server_is_that_word(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    call(command, "run")
    command.unit = STOPPED
    assert call(command, "status") == exits.STOPPED
    assert "ollama.service at http://127.0.0.1:11434: stopped" in capsys.readouterr().out


def test_status_survives_a_model_entry_of_another_version(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    call(command, "run")
    path = pathlib.Path(command.instance.state_folder, "state.json")
    state = json.loads(path.read_text())
    state["last_pass"]["models"] = [{"model": "a:latest"}, {"model": "b:latest", "after": {}}]
    path.write_text(json.dumps(state))
    command.server.gone = True
    assert call(command, "status") == exits.UNREACHABLE
    assert "unknown" in capsys.readouterr().out


def test_status_says_that_the_state_is_unreadable_and_leaves_it(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    path = pathlib.Path(command.instance.state_folder, "state.json")
    path.write_text("garbage")
    assert call(command, "status") == exits.NOT_RESIDENT
    assert "holds no state of the agent" in capsys.readouterr().err
    assert path.read_text() == "garbage"


def test_check_looks_and_changes_nothing(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(command, "check") == exits.NOT_RESIDENT
    said = at_once(capsys.readouterr().out)
    assert said.splitlines()[1].startswith("looked just now: not warm")
    assert "not warm: a is not in memory" in said
    assert command.server.work() == []
    assert list(pathlib.Path(command.instance.state_folder).iterdir()) == []
    call(command, "run")
    command.server.calls.clear()
    assert (call(command, "check"), sorted(command.server.calls)) == (exits.WARM, ["ps", "tags"])


@pytest.mark.parametrize(("unit", "status"), [({}, exits.UNREACHABLE), (STOPPED, exits.STOPPED)])
def test_check_of_a_server_that_is_gone(command: Agent, unit: dict[str, str], status: int) -> None:
    command.unit, command.server.gone = unit, True
    assert call(command, "check") == status


def test_a_second_pass_at_the_same_time_is_refused(command: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    with only_one(command.instance.state_folder):
        assert call(command, "run") == exits.LOCKED
        with pytest.raises(Locked), only_one(command.instance.state_folder):
            pass
    assert "another pass is running" in capsys.readouterr().err
    assert call(command, "run") == exits.WARM


def test_a_pass_that_never_begins_is_not_marked_warm(command: Agent) -> None:
    call(command, "run")
    assert command.is_marked_warm
    command.configure("a", url="x")
    assert (call(command, "run"), command.is_marked_warm) == (exits.BAD_CONFIGURATION, False)


def test_every_problem_of_a_configuration_is_a_line(command: Agent, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"url": 1, "policy": {"models": [{"name": "a", "num_ctx": "x"}]}}')
    assert call(command, "validate", str(path)) == exits.BAD_CONFIGURATION
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["ollama-warmup"] * 2
    assert call(command, "validate", command.instance.configuration) == exits.WARM


@pytest.mark.parametrize("name", ["../x", "", "a/b", "-x", "x" * 65])
def test_an_instance_name_cannot_leave_its_folders(command: Agent, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert call(command, f"--instance={name}", "status") == exits.BAD_CONFIGURATION
    assert "is not a name: use letters, digits" in capsys.readouterr().err


def test_instances_have_units_and_paths_of_their_own(command: Agent) -> None:
    assert type(command.instance)("two").unit == "ollama-warmup@two.service"
    assert type(command.instance)("two").configuration == "/etc/ollama-warmup/two.json"


def test_every_exit_status_has_a_word() -> None:
    numbers = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert numbers == set(exits.WORDS)
    assert state_file.read_state("/nowhere/state.json").last_pass is None
