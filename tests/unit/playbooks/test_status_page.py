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


def run(tmp_path: pathlib.Path, page: Any, *options: str, **hosts: dict[str, Any]) -> tuple[int, str]:
    """The play over hosts that are this machine, where they are not said to be others."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    inventory = {"gpu_hosts": {"hosts": hosts or {"a": {}}, "vars": local}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    environment = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "ANSIBLE_NOCOLOR": "1"}
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    extra = json.dumps({"keepwarm_page": page})
    command = [program, "--inventory=hosts.json", f"--extra-vars={extra}", *options, PLAYBOOK]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


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
