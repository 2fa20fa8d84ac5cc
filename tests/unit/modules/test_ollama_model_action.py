# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action beside the module: what runs in the background, what is shown meanwhile. The connection is a script."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.keepwarm.ollama.plugins.action import ollama_model
from ansible_collections.keepwarm.ollama.plugins.action.ollama_model import ActionModule

PULL = {"changed": True, "models": [{"name": "a", "action": "pull"}]}
DONE = {"finished": 1, "started": 1, "ansible_job_id": "j1", "results_file": "/x", "stdout": "", "changed": True, "models": [{"name": "a"}]}


class Scripted(ActionModule):
    """`answers`: what the module, the job and its polls say, in order; an exception is raised. `calls`: what was run."""

    def __init__(self, answers: list[Any], progress: list[str], **args: Any) -> None:
        self._task: Any = SimpleNamespace(args={"models": [{"name": "a"}], **args}, check_mode=False, async_val=0)
        self._connection: Any = SimpleNamespace(_shell=SimpleNamespace(quote=lambda text: text))
        self.answers, self.progress = answers, progress
        self.calls: list[tuple[str, bool, int]] = []
        self.shown: list[str] = []
        self._display: Any = SimpleNamespace(display=self.shown.append)

    def _execute_module(self, module_name: str = "", module_args: Any = None, task_vars: Any = None, wrap_async: Any = False) -> Any:
        del task_vars  # the script has none
        verb = module_args["mode"] if module_name else "module"
        self.calls.append((verb, self._task.check_mode, self._task.async_val if wrap_async else 0))
        if verb == "cleanup":
            return {}
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _low_level_execute_command(self, _command: str) -> dict[str, Any]:
        return {"stdout": self.progress.pop(0)}

    def get_shell_option(self, _option: str, default: str = "") -> str:
        return default

    def _remote_expand_user(self, path: str) -> str:
        return path


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama_model, "_FIRST_PAUSE", 0.0)
    monkeypatch.setattr(ActionModule.__mro__[1], "run", lambda _self, _tmp, _vars: {})


def said(text: str) -> str:
    return json.dumps({"model": "a", "text": text})


def run(action: Scripted) -> dict[str, Any]:
    return action.run(task_vars={"inventory_hostname": "gpu1"})


def test_a_pull_runs_in_the_background_and_shows_what_is_new() -> None:
    polls = [{"finished": 0}, {"finished": 0}, DONE]
    action = Scripted([PULL, {"ansible_job_id": "j1"}, *polls], [said("16 %"), said("16 %"), ""], progress_interval=0.001, background_timeout=99)
    assert run(action) == {"changed": True, "models": [{"name": "a"}]}
    assert action.shown == ["[gpu1] a: 16 %"]
    assert action.calls == [
        ("module", True, 0), ("module", False, 99), ("status", False, 0), ("status", False, 0), ("status", False, 0), ("cleanup", False, 0)
    ]  # fmt: skip


def test_a_connection_that_fails_meanwhile_does_not_end_it() -> None:
    action = Scripted([PULL, {"ansible_job_id": "j1"}, AnsibleConnectionFailure("gone"), DONE], [said("1 %"), said("2 %")], progress_interval=0.001)
    assert run(action)["changed"]
    assert action.shown[0].startswith("[gpu1] cannot be reached just now")


@pytest.mark.parametrize(
    ("look", "calls"),
    [
        ({"changed": False, "models": [{"action": "none"}]}, 1),
        ({"changed": True, "models": [{"action": "delete"}]}, 2),
        ({"failed": True, "msg": "x"}, 2),
    ],
)
def test_what_is_no_transfer_runs_as_any_module_does(look: dict[str, Any], calls: int) -> None:
    action = Scripted([look, {"changed": True}], [])
    run(action)
    assert [call[0] for call in action.calls] == ["module"] * calls
    assert all(call[2] == 0 for call in action.calls)


def test_a_file_that_has_to_be_read_is_read_in_the_background() -> None:
    action = Scripted([{"ansible_job_id": "j1"}, DONE], [""], models=[{"name": "a", "state": "latest", "gguf": "/x"}], progress_interval=0.001)
    run(action)
    assert [call[0] for call in action.calls] == ["module", "status", "cleanup"]


@pytest.mark.parametrize(("check_mode", "async_val", "interval"), [(True, 0, 5), (False, 60, 5), (False, 0, 0)])
def test_check_mode_and_tasks_that_are_asynchronous_already_are_the_modules_own(check_mode: bool, async_val: int, interval: int) -> None:
    action = Scripted([{"changed": True}], [], progress_interval=interval)
    action._task.check_mode, action._task.async_val = check_mode, async_val
    assert run(action) == {"changed": True}
    assert action.calls == [("module", check_mode, async_val)]


def test_a_job_that_does_not_begin_is_the_result() -> None:
    assert run(Scripted([PULL, {"failed": True, "msg": "no room"}], []))["msg"] == "no room"
