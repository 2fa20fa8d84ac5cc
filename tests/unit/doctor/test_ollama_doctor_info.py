# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two shells over the doctor: the module with the action that prints its page, and the agent's command as it is deployed."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.action.ollama_doctor_info import ActionModule, text_of
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_doctor_info
from support.agent import deploy
from support.ansible_module import Entrance
from support.examinations import agent, healthy

TOLD = {"host": "gpu1", "healthy": True, "exit": 0, "instances": [], "findings": [], "checked": [], "unseen": [], "page": "gpu1: healthy"}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> Entrance:
    monkeypatch.setattr(ollama_doctor_info, "require_root_and_systemd", lambda _run: None)
    monkeypatch.setattr(ollama_doctor_info, "instances", lambda _run: ["default", "east"])
    monkeypatch.setattr(ollama_doctor_info, "examine", lambda _run, name, unit: healthy(instance=name, unit_name=unit or "ollama.service"))
    return Entrance(ollama_doctor_info.main, monkeypatch, capsys, tmp_path)


def test_the_module_tells_of_every_instance(module: Entrance) -> None:
    result = module.succeed(name="gpu1")
    assert (result["changed"], result["healthy"], result["exit"], result["host"]) == (False, True, 0, "gpu1")
    assert [each["instance"] for each in result["instances"]] == ["default", "east"]
    assert result["page"].startswith("gpu1: healthy (ollama.service at http://127.0.0.1:11434; ")


def test_the_module_tells_of_the_one_that_is_named(module: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama_doctor_info, "examine", lambda _run, name, unit: healthy(instance=name, unit_name=unit, agent=agent(installed=False)))
    result = module.succeed(instance="west", unit="mine.service")
    assert [(each["instance"], each["unit"]) for each in result["instances"]] == [("west", "mine.service")]
    assert (result["exit"], [finding["code"] for finding in result["findings"]]) == (1, ["agent_missing"])
    assert result["host"] == os.uname().nodename


def test_a_program_that_is_not_there_is_told_as_a_shell_tells_it(module: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    monkeypatch.setattr(ollama_doctor_info, "instances", lambda run: answers.append(run(["/no/such/program"])) or ["east"])
    module.succeed()
    assert answers == [(127, "", "/no/such/program: No such file or directory")]


def test_a_name_that_is_none_is_refused(module: Entrance) -> None:
    assert module.fail(instance="../x") == "instance '../x' is not a name: use letters, digits, '_' and '-'"


def test_nobody_but_root_may_look(module: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run: Any) -> None:
        raise ollama_doctor_info.CannotLook("only root may look: use sudo")

    monkeypatch.setattr(ollama_doctor_info, "require_root_and_systemd", refuse)
    assert module.fail() == "only root may look: use sudo"


class Scripted(ActionModule):
    """`answer` is what the module says; `asked` what it was asked, `shown` what was printed."""

    def __init__(self, answer: dict[str, Any], **args: Any) -> None:
        self._task: Any = type("Task", (), {"args": args})()
        self._display: Any = type("Display", (), {"display": lambda _self, text: self.shown.append(text)})()
        self.answer, self.asked, self.shown = answer, dict[str, Any](), list[str]()

    def _execute_module(self, module_args: Any = None, task_vars: Any = None) -> Any:
        del task_vars  # the script has none
        self.asked = module_args
        return self.answer


def act(answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **args: Any) -> Scripted:
    monkeypatch.setattr(ActionModule.__mro__[1], "run", lambda _self, _tmp, _vars: {})
    made = Scripted(answer, **args)
    assert made.run(task_vars={"inventory_hostname": "gpu1"}) == answer
    return made


def test_the_action_prints_the_page_under_the_host_s_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made = act(TOLD, monkeypatch, instance="east")
    assert (made.asked, made.shown) == ({"name": "gpu1", "instance": "east"}, ["\ngpu1: healthy\n"])


def test_the_action_prints_data_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = act(TOLD, monkeypatch, format="json").shown
    assert json.loads(shown) == {key: value for key, value in TOLD.items() if key != "page"}
    assert act(TOLD, monkeypatch, format="none").shown == []


def test_a_host_on_which_nobody_could_look_has_its_line() -> None:
    failed = {"failed": True, "msg": "only root may look:\n use sudo"}
    assert text_of("gpu1", "page", failed) == "gpu1: could not look: only root may look: use sudo"
    assert json.loads(text_of("gpu1", "json", failed)) == {"host": "gpu1", "exit": 2, "unseen": ["only root may look: use sudo"]}


@pytest.fixture
def program(tmp_path: pathlib.Path) -> pathlib.Path:
    """The folder of one version, as the role packs it."""
    return deploy(tmp_path)


def command(program: pathlib.Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """The agent's command in a process of its own, on this machine, which has no systemd."""
    text = f"import os, sys\nsys.path.insert(0, {str(program)!r})\n{before}\nfrom ollama_warmup.cli.main import main\nsys.exit(main({list(arguments)!r}))"
    environment = {**os.environ, "PATH": str(program)}
    return subprocess.run([sys.executable, "-I", "-c", text], check=False, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize(
    ("uid", "said"),
    [
        (1000, "ollama-warmup: only root may look at a service's environment, sockets and journal: use sudo\n"),
        (0, "ollama-warmup: this host has no systemd (systemctl --version tells none), whose units are what is managed here\n"),
    ],
)
def test_the_command_says_why_it_could_not_look(uid: int, said: str, program: pathlib.Path) -> None:
    done = command(program, "doctor", before=f"os.geteuid = lambda: {uid}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_the_command_is_the_same_examination(program: pathlib.Path) -> None:
    systemctl = '#!/bin/sh\n[ "$1" = --version ] && echo "systemd 257 (257.8)"\n'
    (program / "systemctl").write_text(systemctl)
    (program / "systemctl").chmod(0o755)
    done = command(program, "--instance", "no-such-one", "doctor", "--json", before="os.geteuid = lambda: 0")
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert [each["unit"] for each in told["instances"]] == ["ollama@no-such-one.service"]
    assert {finding["code"] for finding in told["findings"]} & {"agent_missing", "agent_not_configured"}
    assert told["unseen"][-1] == "the journal: journalctl: No such file or directory"


def test_a_pass_imports_nothing_of_it(program: pathlib.Path) -> None:
    report = "import atexit; atexit.register(lambda: print(*[name for name in sys.modules if 'doctor' in name or 'systemd' in name]))"
    done = command(program, "--instance", "no-such-one", "status", before=report)
    assert (done.returncode, done.stdout) == (2, "\n")
