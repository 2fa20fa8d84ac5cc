# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module through its real entry point: a scripted server, scripted systemctl, real files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.activity import Activity, Watcher
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import Expiry
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import ResidentModel
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_server_restart
from support.ansible_module import Entrance

URL = "http://127.0.0.1:1"
FOR_EVER = Expiry.parse("2318-12-02T09:47:16Z")
NOW = Expiry.parse("2026-11-29T12:00:00Z").moment
HELD = ResidentModel(ModelName.parse("a"), "", FOR_EVER, 512, 1, 0)


class Machine:
    """A host whose server is looked at by `looks`, the last again and again."""

    def __init__(self) -> None:
        self.looks = [Activity(NOW, (HELD,))]
        self.commands: list[list[str]] = []
        self.refusal: tuple[int, str] = (0, "")
        self.journal = ""

    def look(self) -> Activity:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def run_command(self, command: list[str], **_options: Any) -> tuple[int, str, str]:
        if command[0] == "journalctl":
            return 0, self.journal, ""
        self.commands.append(command)
        return (self.refusal[0], "", self.refusal[1]) if command[1] == "restart" else (0, "", "")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made, clock = Machine(), [0.0]
    monkeypatch.setattr(basic.AnsibleModule, "run_command", lambda _self, command, **options: made.run_command(command, **options))
    monkeypatch.setattr(Watcher, "look", lambda _self: made.look())
    monkeypatch.setattr(ollama_server_restart.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    monkeypatch.setattr(ollama_server_restart.time, "monotonic", lambda: clock[0])
    return made


@pytest.fixture
def restart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs the module."""
    entrance = Entrance(ollama_server_restart.main, monkeypatch, capsys, tmp_path)

    def call(**options: Any) -> dict[str, Any]:
        return entrance.run(url=URL, folder=str(tmp_path / "state"), reasons=["X is '1'"], **options)

    return call


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "state/ollama.service.models.json"


def test_an_idle_server_is_restarted_once_its_models_are_noted(machine: Machine, restart: Callable[..., Any], note: Path) -> None:
    done = restart(daemon_reload=True)
    assert (done["changed"], done["models"], done["warnings"]) == (True, ["a:latest"], ["ollama.service restarts, which unloads a:latest: X is '1'"])
    assert [command[1] for command in machine.commands] == ["daemon-reload", "reset-failed", "restart"]
    (model,) = json.loads(note.read_text())["models"]
    assert (model["name"], model["context"], model["left"]) == ("a:latest", 512, None)


def test_a_server_that_others_restart_is_noted_once_it_is_idle(machine: Machine, restart: Callable[..., Any], note: Path) -> None:
    predicted = restart(state="noted", _ansible_check_mode=True)
    assert (predicted["changed"], note.exists()) == (False, False)
    done = restart(state="noted")
    assert (done["changed"], done["models"], machine.commands) == (False, ["a:latest"], [])
    assert json.loads(note.read_text())["models"][0]["name"] == "a:latest"


def test_a_server_that_is_not_idle_in_time_is_not_restarted(machine: Machine, restart: Callable[..., Any], note: Path) -> None:
    machine.looks = [Activity(NOW, (HELD,), {"1": ticks}, {"1": "x"}) for ticks in range(20)]
    done = restart(wait="5s")
    assert done["busy"] == ["a model is computing", "a model is being loaded"]
    assert done["msg"] == (
        "ollama.service is due for a restart (X is '1'), but was not idle for 5s (a model is computing, a model is being loaded), so that nothing was"
        " restarted: run the play again when it is, wait longer with ollama_server_restart_wait, or set ollama_server_restart to now"
    )
    assert (machine.commands, note.exists()) == ([], False)


def test_now_does_not_wait(machine: Machine, restart: Callable[..., Any]) -> None:
    machine.looks = [Activity(NOW, (HELD,), {"1": ticks}, {"1": "x"}) for ticks in range(20)]
    assert restart(when="now")["changed"] is True


def test_a_server_that_does_not_tell_counts_as_idle_and_that_is_said(machine: Machine, restart: Callable[..., Any]) -> None:
    machine.looks = [Activity()]
    done = restart()
    assert done["models"] is None
    assert done["warnings"] == [
        "whether ollama.service is in the middle of something cannot be told, since it does not tell its models: it counts as idle",
        "ollama.service restarts, which unloads whatever is in memory: X is '1'",
    ]


def test_check_mode_warns_with_the_models_and_does_nothing(machine: Machine, restart: Callable[..., Any], note: Path) -> None:
    done = restart(check=True)
    assert (done["changed"], done["warnings"]) == (True, ["ollama.service restarts, which unloads a:latest: X is '1'"])
    assert (machine.commands, note.exists()) == ([], False)
    machine.looks = [Activity(NOW, ())]
    assert restart(check=True)["warnings"] == []


def test_what_an_earlier_restart_unloaded_is_not_forgotten(machine: Machine, restart: Callable[..., Any], note: Path) -> None:
    restart()
    machine.looks = [Activity(NOW, ())]
    restart()
    assert [model["name"] for model in json.loads(note.read_text())["models"]] == ["a:latest"]
    restart(remember=False)
    assert not note.exists()


def test_a_restart_that_fails_is_told_with_the_journal_s_last_error(machine: Machine, restart: Callable[..., Any]) -> None:
    machine.refusal = (1, "Job for ollama.service failed")
    assert restart()["msg"] == "systemctl restart ollama.service failed: Job for ollama.service failed"
    machine.journal = "Error: listen tcp: bind: address already in use\n"
    assert restart()["msg"] == "systemctl restart ollama.service failed: Error: listen tcp: bind: address already in use"


def test_without_a_restart_there_is_nothing_to_restore(restart: Callable[..., Any]) -> None:
    done = restart(state="restored", declared=["b"])
    assert (done["changed"], done["models"], done["lost"]) == (False, [], [])


def test_a_model_that_cannot_come_back_is_warned_about_once(restart: Callable[..., Any], note: Path) -> None:
    note.parent.mkdir()
    note.write_text(json.dumps({"models": [{"name": "a", "context": 1, "left": None, "at": 0, "size": 0}]}))
    done = restart(state="restored")
    assert len(done["lost"]) == 1
    assert done["warnings"] == done["lost"]
    assert done["lost"][0].startswith("a:latest was in memory before the restart and does not come back: no Ollama server answers at")
    assert not note.exists()


@pytest.mark.parametrize(
    ("options", "words"), [({"wait": "soon"}, "soon"), ({"url": "ftp://x"}, "ftp://x"), ({"state": "restored", "declared": ["a b"]}, "a b")]
)
def test_what_is_no_value_is_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/ollama.service.models.json").write_text('{"models": []}')
    entrance = Entrance(ollama_server_restart.main, monkeypatch, capsys, tmp_path)
    assert words in entrance.fail(**{"url": URL, "folder": str(tmp_path / "state"), **options})
    assert machine.commands == []
