# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook decides by itself: when a host has failed, and when it goes no further."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml
from support.role_tasks import task, value

PLAY = next(play for play in yaml.safe_load((pathlib.Path(__file__).parents[3] / "playbooks/upgrade.yml").read_text()) if "tasks" in play)
LEAVE = {**task("ollama_warmup", "begin.yml", "End the play for the host"), "when": "ollama_warmup_left_out | default('') | length > 0"}


@pytest.mark.parametrize(
    ("noted", "run", "check"),
    [
        ({}, False, False),
        ({"failure": "x", "resumed": False}, True, True),
        ({"failure": "x", "resumed": True}, True, False),
        ({"failure": "x", "resumed": True, "undo_failure": "y"}, True, True),
        ({"failure": "x", "resumed": True, "end_failure": "y"}, True, True),
        ({"end_failure": "y"}, True, True),
    ],
)
def test_which_hosts_fail(noted: dict[str, Any], run: bool, check: bool) -> None:
    found = {f"__keepwarm_{name}": value for name, value in noted.items()}
    assert value("ollama_server", PLAY["vars"]["__keepwarm_failed"], ansible_check_mode=False, **found) is run
    assert value("ollama_server", PLAY["vars"]["__keepwarm_failed"], ansible_check_mode=True, **found) is check


def bounded(tmp_path: pathlib.Path, percentage: int) -> set[str]:
    """Which hosts a play comes to that is bounded as the playbook is, and loses one in each batch of three; in the last, one is on hold."""
    play = {
        "hosts": "all",
        "gather_facts": PLAY["gather_facts"],
        "serial": [1, 3],
        "max_fail_percentage": percentage,
        "vars": {**{name: PLAY["vars"][name] for name in ("__keepwarm_left_out", "__keepwarm_lost")}, "keepwarm_max_fail_percentage": percentage},
        "tasks": [*PLAY["pre_tasks"][:2], LEAVE, PLAY["tasks"][-1]],
    }
    lost = {"ansible_remote_tmp": "/proc/nowhere"}
    hosts = {"a": {}, "b1": lost, "b2": {}, "b3": {}, "c1": {"ollama_warmup_left_out": "on hold"}, "c2": lost, "c3": {}, "d": {}}
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    environment = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    command = [program, "--inventory=hosts.json", "play.json"]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    return set(re.findall(r"^(\w+) +: ok=", ended.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    ("percentage", "last"),
    [(33, "b3"), (34, "d")],
)
def test_it_goes_on_while_no_more_hosts_of_a_batch_are_lost_than_may_fail(tmp_path: pathlib.Path, percentage: int, last: str) -> None:
    assert max(bounded(tmp_path, percentage)) == last
