# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet as its operator sees it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from shared.machine import Machine, Outcome, play

KEY = pathlib.Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "key"
SSH = {
    "ansible_user": "deploy",
    "ansible_pipelining": True,
    "ansible_ssh_private_key_file": str(KEY),
    "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",  # these hosts are minutes old
}
GONE = {"ansible_host": "127.0.0.1", "ansible_port": 1}
# What ansible-playbook needs of the controller's Python packages; their compiled parts are optional.
CONTROLLER = ("ansible-core", "Jinja2", "MarkupSafe", "PyYAML", "packaging", "resolvelib")


def podman(*arguments: str) -> str:
    """What podman prints; it must succeed."""
    return subprocess.run(["podman", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.strip()


def address(machine: Machine) -> str:
    return podman("inspect", "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", machine.name)


@pytest.fixture(scope="session")
def gpu1() -> Machine:
    return Machine("gpu1")


@pytest.fixture(scope="session")
def gpu2() -> Machine:
    return Machine("gpu2")


@pytest.fixture(scope="session")
def fleet(gpu1: Machine, gpu2: Machine) -> dict[str, dict[str, Any]]:
    """How each host is reached."""
    return {"gpu1": {"ansible_host": address(gpu1)}, "gpu2": {"ansible_host": address(gpu2)}}


@pytest.fixture(scope="session")
def over_ssh(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Runs a playbook of the collection on these hosts of an inventory, with these variables for all."""

    def call(name: str, hosts: Mapping[str, Mapping[str, Any]], *options: str, **variables: Any) -> Outcome:
        inventory = tmp_path_factory.mktemp("fleet") / "hosts.json"
        inventory.write_text(json.dumps({"gpu_hosts": {"hosts": hosts, "vars": {**SSH, **variables}}}))
        return play(name, [inventory], *options)

    return call


@pytest.fixture(scope="session")
def with_role(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Runs the role that has a host fetch its playbook, on one host, with these variables."""

    def call(hosts: Mapping[str, Mapping[str, Any]], *options: str, **variables: Any) -> Outcome:
        folder = tmp_path_factory.mktemp("pull")
        (folder / "hosts.json").write_text(json.dumps({"gpu_hosts": {"hosts": hosts, "vars": SSH}}))
        role = {"role": "keepwarm.ollama.ollama_pull", "vars": variables}
        (folder / "play.json").write_text(json.dumps([{"hosts": "gpu_hosts", "become": True, "gather_facts": False, "roles": [role]}]))
        command = ["ansible-playbook", f"--inventory={folder}/hosts.json", *options, str(folder / "play.json")]
        environment = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        return Outcome(done.returncode, done.stdout + done.stderr)

    return call


@pytest.fixture(scope="session")
def on_itself(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Runs site.yml in a host on that host, with the controller's own ansible-core."""
    packages = tmp_path_factory.mktemp("controller")
    for name in CONTROLLER:
        for file in importlib.metadata.files(name) or []:
            if file.suffix not in (".so", ".pyc") and ".." not in file.parts:
                target = packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)

    def call(machine: Machine, **variables: Any) -> Outcome:
        podman("cp", f"{packages}/.", f"{machine.name}:/opt/controller")
        podman("cp", f"{os.environ['ANSIBLE_COLLECTIONS_PATH']}/.", f"{machine.name}:/opt/collections")
        environment = ["PYTHONPATH=/opt/controller", "ANSIBLE_COLLECTIONS_PATH=/opt/collections", "LC_ALL=C.UTF-8"]
        command = ["env", *environment, "python3", "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local"]
        command += ["--extra-vars", json.dumps({"keepwarm_hosts": "localhost", **variables}), "keepwarm.ollama.site"]
        done = subprocess.run(["podman", "exec", machine.name, *command], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return Outcome(done.returncode, done.stdout + done.stderr)

    return call
