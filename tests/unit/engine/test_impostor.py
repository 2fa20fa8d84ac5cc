# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that answers at the address of a server that is down is not taken for it."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import impostor
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.impostor import NotThisServer, require_own_socket, require_processes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.observer import Observer
from support.fake_server import serving
from support.machine import UNIT, Machine
from support.values import policy

URL = "http://127.0.0.1:11434"
WAITING = "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\n"


def run(command: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


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
        require_processes(run, UNIT, URL, machine.proc)
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
        require_processes(run, UNIT, URL, machine.proc)


def test_a_process_of_the_unit_is_enough_also_one_that_only_wraps_the_server(systemctl: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with Machine(tmp_path) as machine:
        machine.start_server()
        require_processes(run, UNIT, URL, machine.proc)


def test_where_processes_are_hidden_nothing_is_said(systemctl: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "hidden").mkdir()
    require_processes(run, UNIT, URL, str(tmp_path / "hidden"))


def test_a_look_ends_with_it_before_anything_of_the_other_program_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    server = serving(["a"])
    monkeypatch.setattr(impostor, "has_processes", lambda _unit, _proc: False)
    with pytest.raises(NotThisServer):
        Observer(server, policy("a"), UNIT, run=lambda _command: (0, "LoadState=loaded\nActiveState=failed\n", "")).look()  # type: ignore[arg-type]
    assert server.calls == ["ps"]


ALICE, OLLAMA = 1000, 990


def listens(proc: str, *sockets: tuple[str, int]) -> None:
    """Sockets on port 11434, each with the kernel's form of its address and the user who opened it."""
    rows = [f"  {at}: {host}:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000 {uid} 0 {at + 7} 1" for at, (host, uid) in enumerate(sockets)]
    net = pathlib.Path(proc, "net")
    net.mkdir()
    (net / "tcp").write_text("\n".join(["  sl  local_address", *rows, ""]))


def runs_as(machine: Machine, *uids: int) -> None:
    """A server as the first of these users, its runners as the others."""
    pids = [machine.start_server(), *(machine.start_runner(f"{number:064x}") for number in range(len(uids) - 1))]
    for pid, uid in zip(pids, uids):
        pathlib.Path(machine.proc, str(pid), "status").write_text(f"Name:\tollama\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t1\n")


LOOPBACK, ANY, LAN = "0100007F", "00000000", "0702A8C0"


@pytest.mark.parametrize(
    ("url", "sockets", "users", "refused"),
    [
        (URL, [(LOOPBACK, OLLAMA)], [OLLAMA], False),
        (URL, [(LOOPBACK, ALICE)], [OLLAMA], True),
        (URL, [(ANY, ALICE)], [OLLAMA, OLLAMA], True),
        (URL, [(ANY, ALICE), (LOOPBACK, OLLAMA)], [OLLAMA], False),  # the nearer one gets it
        (URL, [(ANY, OLLAMA), (LOOPBACK, ALICE)], [OLLAMA], True),
        (URL, [(LAN, ALICE)], [OLLAMA], False),  # nobody is there
        ("http://192.168.2.7:11434", [(LAN, ALICE), (LOOPBACK, OLLAMA)], [OLLAMA], True),
        (URL, [(LOOPBACK, OLLAMA)], [0, OLLAMA], False),  # sudo -u ollama ollama serve
        ("http://gpu-1:11434", [(LOOPBACK, ALICE)], [OLLAMA], False),  # which address that is, the client found out
    ],
)
def test_the_socket_must_be_of_a_user_of_the_units(tmp_path: pathlib.Path, url: str, sockets: list[Any], users: list[int], refused: bool) -> None:
    with Machine(tmp_path) as machine:
        runs_as(machine, *users)
        listens(machine.proc, *sockets)
        if not refused:
            require_own_socket(UNIT, url, machine.proc)
            return
        with pytest.raises(NotThisServer, match=f"{UNIT} runs as user {OLLAMA}, but what listens at {url} is of user {ALICE}: it is another program"):
            require_own_socket(UNIT, url, machine.proc)


def test_where_users_or_sockets_are_hidden_nothing_is_said_of_them(tmp_path: pathlib.Path) -> None:
    with Machine(tmp_path) as machine:
        machine.start_server()
        require_own_socket(UNIT, URL, machine.proc)
        listens(machine.proc, (LOOPBACK, ALICE))
        require_own_socket(UNIT, URL, machine.proc)
