# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of the agent's role is run by its tag, after the look at the host that it needs."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

LEFT_OUT = ["Note that the host is left out", "Have the host named at the end of the playbook", "End the play for the host"]
BEGIN = ["Learn the distribution", "Look at the host", *LEFT_OUT, "Refuse what cannot be kept on this host"]
LOOK = ["Look at the host and refuse what cannot be kept on it"]


def listed(tmp_path: pathlib.Path, tags: str, playbook: str = "site") -> list[str]:
    """The role's tasks that a playbook lists with that option, without what Ansible itself puts before a role."""
    (tmp_path / "hosts.json").write_text(json.dumps({"gpu_hosts": {"hosts": {"a": None}}}))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    environment = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    command = [program, "--inventory=hosts.json", "--list-tasks", tags, f"keepwarm.ollama.{playbook}"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return re.findall(r"^ +keepwarm\.ollama\.ollama_warmup : (?!Validating arguments)(.+?)\tTAGS", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("tag", "steps"),
    [
        ("ollama_warmup_preflight", []),
        ("ollama_warmup_install", ["Install the libraries that the agent lacks"]),
        ("ollama_warmup_configure", ["Configure the agent", "Report the result for the host"]),
        ("ollama_warmup_verify", ["Verify that the declared models are resident", "Report the result for the host"]),
    ],
)
def test_a_step_comes_after_the_look_at_the_host(tmp_path: pathlib.Path, tag: str, steps: list[str]) -> None:
    assert listed(tmp_path, f"--tags={tag}") == [*BEGIN, *LOOK, *steps]


def test_a_removal_has_a_tag_of_its_own(tmp_path: pathlib.Path) -> None:
    assert listed(tmp_path, "--tags=ollama_warmup_remove") == ["Remove the agent"]


@pytest.mark.parametrize("playbook", ["remove", "upgrade"])
def test_a_host_on_hold_is_left_out_whatever_tags_are_skipped(tmp_path: pathlib.Path, playbook: str) -> None:
    tasks = listed(tmp_path, "--skip-tags=ollama_warmup_verify,ollama_warmup", playbook)
    assert {"Look at the host", *LEFT_OUT} <= set(tasks)
