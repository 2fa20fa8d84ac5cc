# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The play status writes its page on the controller, or says before it asks a host why it cannot."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

PLAYBOOK = pathlib.Path(__file__).parents[3] / "playbooks/status.yml"
UNREACHABLE = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}


def play(tmp_path: pathlib.Path, playbook: pathlib.Path, hosts: dict[str, Any], *options: str) -> tuple[int, str]:
    """A playbook over hosts that are this machine, where they are not said to be others."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    (tmp_path / "hosts.json").write_text(json.dumps({"gpu_hosts": {"hosts": hosts, "vars": local}}))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    environment = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "ANSIBLE_NOCOLOR": "1"}
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    command = [program, "--inventory=hosts.json", *options, playbook]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def run(tmp_path: pathlib.Path, page: Any, *options: str, **hosts: dict[str, Any]) -> tuple[int, str]:
    """The play status."""
    extra = json.dumps({"keepwarm_page": page})
    return play(tmp_path, PLAYBOOK, hosts or {"a": {}}, f"--extra-vars={extra}", *options)


def test_the_page_is_written_whatever_host_is_first(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "fleet.html"
    page.write_text("an older one")
    status, output = run(tmp_path, str(page), away=UNREACHABLE, here={})
    assert status == 0, output
    html = page.read_text()
    assert html.startswith("<!DOCTYPE html>")
    assert all(words in html for words in ('data-host="away"', 'data-host="here"', "0 of 2 hosts warm"))
    assert f"The page is {page}" in output
    assert list(tmp_path.glob("*.html*")) == [page]


def test_check_mode_writes_nothing_and_says_so(tmp_path: pathlib.Path) -> None:
    status, output = run(tmp_path, str(tmp_path / "fleet.html"), "--check")
    assert status == 0, output
    assert f"Check mode: nothing was written to {tmp_path}/fleet.html" in output
    assert not (tmp_path / "fleet.html").exists()


@pytest.mark.parametrize("page", ["fleet.html", 5])
def test_a_page_that_cannot_be_written_is_refused_before_a_host_is_asked(tmp_path: pathlib.Path, page: Any) -> None:
    status, output = run(tmp_path, page)
    assert status != 0
    assert f"keepwarm_page {page} " in output
    assert "Ask the host's agent" not in output


def test_no_page_is_written_where_none_is_asked_for(tmp_path: pathlib.Path) -> None:
    status, output = run(tmp_path, "")
    assert status == 0, output
    assert "no ollama-warmup here" in output
    assert "The page is" not in output


def test_what_looks_like_a_template_stays_as_a_host_said_it(tmp_path: pathlib.Path) -> None:
    name = "{{ 6 * 7 }}{% set x = 1 %}"
    model = {"name": name, "model": name, "policy": "pin", "required": True, "resident": True, "drift": [], "after": None}
    (tmp_path / "said.json").write_text(json.dumps({"exit": 0, "result": "warm", "models": [model]}))
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.command": {"argv": ["cat", str(tmp_path / "said.json")]}, "register": "status"},
        {"ansible.builtin.copy": {"content": "{{ {'a': status} | keepwarm.ollama.report('fleet_page') }}", "dest": str(tmp_path / "fleet.html")}},
    ]
    (tmp_path / "play.json").write_text(json.dumps([{"hosts": "gpu_hosts", "gather_facts": False, "tasks": tasks}]))
    status, output = play(tmp_path, tmp_path / "play.json", {"a": {}})
    assert status == 0, output
    assert f'<td class="name">{name}<small>' in (tmp_path / "fleet.html").read_text()
