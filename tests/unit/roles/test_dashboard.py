# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point `dashboard` of the role ollama_warmup, run on this machine in folders of the test."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": {"name": "keepwarm.ollama.ollama_warmup", "tasks_from": "dashboard"}}],
    }
]


class Host:
    """`dashboard` and `provider` are the files that the role writes."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.dashboard = folder / "dashboards/ollama-warmup.json"
        self.provider = folder / "provisioning/ollama-warmup.yml"
        (folder / "play.yml").write_text(yaml.safe_dump(PLAY))

    def play(self, *options: str, **variables: Any) -> tuple[int, int, str]:
        """How it ended, how many tasks changed something, and what it said."""
        given = {
            "ollama_warmup_dashboard_directory": str(self.dashboard.parent),
            "ollama_warmup_dashboard_provisioning_directory": str(self.provider.parent),
            "ollama_warmup_dashboard_unit": "",
            "ansible_python_interpreter": sys.executable,
            **variables,
        }
        program = pathlib.Path(sys.executable).parent / "ansible-playbook"
        command = [str(program), "--inventory=localhost,", "--connection=local", f"--extra-vars={json.dumps(given)}", *options, "play.yml"]
        environment = {**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        changed = re.search(r"changed=(\d+)", done.stdout)
        assert changed, done.stderr
        return done.returncode, int(changed[1]), done.stdout + done.stderr


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    return Host(tmp_path)


def test_it_is_written_once_as_check_mode_says_and_removed(host: Host) -> None:
    status, predicted, said = host.play("--check")
    assert (status, host.dashboard.exists(), host.provider.exists()) == (0, False, False), said
    assert host.play()[:2] == (0, predicted)
    (provider,) = yaml.safe_load(host.provider.read_text())["providers"]
    assert provider["options"]["path"] == str(host.dashboard)
    assert json.loads(host.dashboard.read_text())["uid"] == "ollama-warmup"
    assert host.play()[:2] == (0, 0)
    assert host.play(ollama_warmup_state="absent")[:2] == (0, 1)
    assert (host.dashboard.exists(), host.provider.exists()) == (False, False)
    assert host.play(ollama_warmup_state="absent")[:2] == (0, 0)


def test_what_others_made_there_is_refused(host: Host) -> None:
    host.dashboard.parent.mkdir()
    host.dashboard.write_text("{}")
    status, changed, said = host.play()
    assert (status, changed, host.dashboard.read_text(), host.provider.exists()) == (2, 0, "{}", False)
    assert str(host.dashboard) in said
