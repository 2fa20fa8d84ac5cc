# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that answers at the address of a server that is down is not taken for it."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency import impostor
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.impostor import NotThisServer, require_processes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.observer import Observer
from support.fake_server import serving
from support.machine import UNIT, Machine
from support.values import policy

URL = "http://127.0.0.1:11434"
WAITING = "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\n"


@pytest.fixture
def systemctl(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """What systemd says of the unit, as a file."""
    said, program = tmp_path / "said", tmp_path / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$*" = "show --property LoadState,ActiveState,SubState -- {UNIT}" ] && exec cat {said}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    said.write_text(WAITING)
    return said


@pytest.mark.parametrize(
    ("load", "active", "sub"),
    [("loaded", "activating", "auto-restart"), ("loaded", "inactive", "dead"), ("loaded", "failed", "failed"), ("masked", "inactive", "dead")],
)
def test_a_unit_that_is_down_answers_nobody(systemctl: pathlib.Path, tmp_path: pathlib.Path, load: str, active: str, sub: str) -> None:
    systemctl.write_text(f"LoadState={load}\nActiveState={active}\nSubState={sub}\n")
    with Machine(tmp_path) as machine, pytest.raises(NotThisServer) as refused:
        require_processes(UNIT, URL, machine.proc)
    assert str(refused.value) == f"{UNIT} is {active} ({sub}) and has no process: whatever answers at {URL} is another program"


@pytest.mark.parametrize(
    "said",
    [
        "LoadState=not-found\nActiveState=inactive\nSubState=dead\n",  # a server that was started by hand
        "LoadState=loaded\nActiveState=active\nSubState=exited\n",  # whose unit started a container
        "",  # systemd does not tell
    ],
)
def test_a_server_that_no_unit_of_this_host_runs_is_taken_as_it_is(systemctl: pathlib.Path, tmp_path: pathlib.Path, said: str) -> None:
    systemctl.write_text(said)
    with Machine(tmp_path) as machine:
        require_processes(UNIT, URL, machine.proc)


def test_a_process_of_the_unit_is_enough_also_one_that_only_wraps_the_server(systemctl: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with Machine(tmp_path) as machine:
        machine.start_server()
        require_processes(UNIT, URL, machine.proc)


def test_where_processes_are_hidden_nothing_is_said(systemctl: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "hidden").mkdir()
    require_processes(UNIT, URL, str(tmp_path / "hidden"))


def test_a_look_ends_with_it_before_anything_of_the_other_program_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    server = serving(["a"])
    monkeypatch.setattr(impostor, "has_processes", lambda _unit, _proc: False)
    monkeypatch.setattr(impostor, "show", lambda *_asked: {"LoadState": "loaded", "ActiveState": "failed"})
    with pytest.raises(NotThisServer):
        Observer(server, policy("a"), UNIT).look()  # type: ignore[arg-type]
    assert server.calls == ["ps"]
