# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role alone, in a real play: misspelt names and wrong values of all roles at once, in one short failure, before anything else."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROLES = ["ollama_server", "ollama_model", "ollama_warmup"]
WRONG = {
    "ollama_warmup_modles": ["a"],
    "ollama_server_rocm": "nonsense",
    "ollama_model_prune": "everything",
    "ollama_warmup_models": ["a", "b"],
    "ollama_server_rack_number": 7,
}
SENTENCES = [
    "ollama_warmup_modles is no variable of keepwarm.ollama: ollama_warmup_models is meant; write that, or list ollama_warmup_modles in"
    " keepwarm_known_variables if it is yours",
    "ollama_server_rocm is 'nonsense', neither true nor false",
    "ollama_model_prune is 'everything', not one of none, unlisted",
]


def play(tmp_path: pathlib.Path, role: str) -> subprocess.CompletedProcess[str]:
    hosts = {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    (tmp_path / "play.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "roles": [f"keepwarm.ollama.{role}"]}]))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    collections = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    environment = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": collections}
    command = [program, "--inventory=hosts.json", "--check", "--extra-vars", json.dumps(WRONG), "play.json"]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("role", ROLES)
def test_it_is_told_in_one_short_failure_before_anything_else(tmp_path: pathlib.Path, role: str) -> None:
    done = play(tmp_path, role)
    assert done.returncode != 0
    (failure,) = [line for line in done.stdout.splitlines() if line.startswith("fatal:")]
    assert json.loads(failure.partition("=> ")[2])["msg"] == ". ".join(SENTENCES)
    assert len(failure) < 1000
    tasks = [line for line in done.stdout.splitlines() if line.startswith("TASK [")]
    assert len(tasks) == 1, "nothing comes before it, the argument specs neither"
    said = " ".join((done.stdout + done.stderr).split())
    assert said.count("[WARNING]: ollama_server_rack_number: no variable of keepwarm.ollama has that name") == 1
