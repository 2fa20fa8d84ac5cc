# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process of a service serves: its own, or one in the container that it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.process import Process
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd import in_container
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.host import Process as Read
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.in_container import server_process
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.restart import Program
from support.examinations import UNIT

QUADLET = replace(UNIT, fragment_path="/etc/containers/systemd/ollama.container")
CONMON = Process(211, 1, ("/usr/bin/conmon", "-c", "1f" * 32))
SERVER = Process(213, 212, ("/bin/ollama", "serve"))


@pytest.fixture(autouse=True)
def readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process may be looked at."""
    monkeypatch.setattr(in_container, "read_process", lambda pid: Read(pid, {}, None))


def served(processes: Sequence[Process]) -> int | None:
    found = server_process(QUADLET, lambda unit: processes if unit == "ollama.service" else ())
    return found.pid if found else None


def test_a_program_of_the_host_is_the_units_own_process() -> None:
    def never(_unit: str) -> Sequence[Process]:
        raise AssertionError

    found = server_process(UNIT, never)
    assert found is not None
    assert found.pid == 211
    assert server_process(replace(UNIT, main_pid=0), never) is None


@pytest.mark.parametrize(
    ("program", "serves"),
    [("/usr/lib/systemd/systemd-executor", False), ("/lib/systemd/systemd", False), ("/usr/local/bin/ollama", True), ("/opt/systemd/ollama", True)],
)
def test_what_systemd_has_only_begun_to_start_does_not_serve(monkeypatch: pytest.MonkeyPatch, program: str, serves: bool) -> None:
    """Its environment is systemd's own, by which the server would be asked at an address where another one answers."""
    monkeypatch.setattr(in_container, "read_process", lambda pid: Read(pid, {}, Program(program, (1, 2))))
    assert bool(server_process(UNIT, lambda _unit: ())) is serves


@pytest.mark.parametrize(
    ("processes", "pid"),
    [
        pytest.param([CONMON, Process(212, 211, ("/bin/sh", "/start")), SERVER], 213, id="below a script of the image"),
        pytest.param([CONMON, Process(212, 211, ("/bin/sh", "/start"))], 212, id="not begun yet"),
        pytest.param([CONMON], None, id="no container"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_of_a_container_it_is_the_server_in_it(processes: Sequence[Process], pid: int | None) -> None:
    assert served(processes) == pid
