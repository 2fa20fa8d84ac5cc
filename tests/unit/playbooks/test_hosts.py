# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a playbook takes, and what becomes of its result where hosts were left out."""

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
from support.role_tasks import task

PLAYBOOKS = pathlib.Path(__file__).parents[3] / "playbooks"
NAMES = sorted(path.stem for path in PLAYBOOKS.glob("*.yml"))
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
HOSTS = {"a": {}, "b": {}}


def run(tmp_path: pathlib.Path, playbook: Any, inventory: dict[str, Any], *options: str) -> tuple[int, str]:
    """A playbook's path, or plays, on hosts that are this machine."""
    (tmp_path / "hosts.json").write_text(json.dumps({**inventory, "all": {"vars": LOCAL}}))
    if not isinstance(playbook, pathlib.Path):
        (tmp_path / "play.json").write_text(json.dumps(playbook))
        playbook = tmp_path / "play.json"
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    environment = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "ANSIBLE_NOCOLOR": "1"}
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    command = [program, "--inventory=hosts.json", *options, playbook]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("name", NAMES)
def test_every_playbook_begins_by_checking_which_hosts_are_taken(name: str) -> None:
    first, *plays = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text())
    assert first["ansible.builtin.import_playbook"] == "parts/which_hosts.yml"
    assert {play["hosts"] for play in plays if "hosts" in play} == {"{{ keepwarm_hosts | default('gpu_hosts', true) | keepwarm.ollama.host_pattern }}"}


@pytest.mark.parametrize(
    ("inventory", "options", "sentence"),
    [
        ({"others": {"hosts": HOSTS}}, [], "The inventory has no group gpu_hosts, or nothing in it: put the hosts that run Ollama into that group, or say"),
        ({"others": {"hosts": HOSTS}}, ["--limit=a"], "The inventory has no group gpu_hosts, or nothing in it"),
        ({"gpu_hosts": {"hosts": {}}}, [], "The inventory has no group gpu_hosts, or nothing in it"),
        ({"gpu_hosts": {"hosts": HOSTS}}, ["-ekeepwarm_hosts=gpus"], "keepwarm_hosts gpus matches no host of the inventory"),
        ({"gpu_hosts": {"hosts": HOSTS}}, ['-e{"keepwarm_hosts": 5}'], "keepwarm_hosts 5 is no pattern of hosts: name hosts or groups, such as gpu_hosts"),
        ({"gpu_hosts": {"hosts": HOSTS}}, ['-e{"keepwarm_hosts": ["a", ""]}'], "keepwarm_hosts ['a', ''] is no pattern of hosts"),
    ],
)
def test_no_hosts_are_refused_with_the_sentence(tmp_path: pathlib.Path, inventory: dict[str, Any], options: list[str], sentence: str) -> None:
    status, output = run(tmp_path, PLAYBOOKS / "parts/which_hosts.yml", inventory, *options)
    assert status != 0
    assert sentence in output


@pytest.mark.parametrize(
    ("inventory", "options"),
    [
        ({"gpu_hosts": {"hosts": HOSTS}}, []),
        ({"gpu_hosts": {"hosts": HOSTS}}, ["--limit=b"]),
        ({"others": {"hosts": HOSTS}}, ["-ekeepwarm_hosts=all"]),
        ({"others": {"hosts": HOSTS}}, ["-ekeepwarm_hosts=a:b"]),
        ({"others": {"hosts": HOSTS}}, ['-e{"keepwarm_hosts": ["a", "b"]}']),
    ],
)
def test_hosts_that_are_named_are_taken(tmp_path: pathlib.Path, inventory: dict[str, Any], options: list[str]) -> None:
    status, output = run(tmp_path, PLAYBOOKS / "parts/which_hosts.yml", inventory, *options)
    assert status == 0, output
    assert "localhost" not in output


def test_a_host_that_was_left_out_costs_the_others_nothing_and_fails_at_the_end(tmp_path: pathlib.Path) -> None:
    leave = task("ollama_warmup", "begin.yml", "Leave out a host on which an operator is at work")
    seen = {"hold": "{{ 'on hold' if inventory_hostname == 'a' else '' }}"}
    look = {"ansible.builtin.set_fact": {"__ollama_warmup_leaving": True, "__ollama_warmup_look": seen}}
    play = {
        "hosts": "gpu_hosts",
        "gather_facts": False,
        "serial": 1,
        "max_fail_percentage": 0,
        "tasks": [look, leave, {"ansible.builtin.debug": {"msg": "made {{ inventory_hostname }} warm"}}],
    }
    status, output = run(tmp_path, [play, {"ansible.builtin.import_playbook": str(PLAYBOOKS / "parts/left_out.yml")}], {"gpu_hosts": {"hosts": HOSTS}})
    assert status != 0
    assert ("made a warm" in output, "made b warm" in output) == (False, True)
    assert re.findall(r"fatal: \[(\w+)\]: FAILED! => \{[^}]*\"msg\": \"([^\"]+)\"", output) == [("a", "on hold")]


def test_where_nobody_was_left_out_no_host_is_come_to(tmp_path: pathlib.Path) -> None:
    status, output = run(tmp_path, PLAYBOOKS / "parts/left_out.yml", {"gpu_hosts": {"hosts": HOSTS}})
    assert (status, "skipping: no hosts matched" in output, "WARNING" in output, "fatal" in output) == (0, True, False, False), output
