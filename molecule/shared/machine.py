# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test hosts by name, the playbooks that tests run on them, and what a playbook that must leave a host alone could change."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
from collections.abc import Sequence
from typing import Any

import testinfra

PREFIX = f"{os.environ['KEEPWARM_HOSTS']}-{os.environ['MOLECULE_SCENARIO_NAME']}"
URL = "http://127.0.0.1:11434"
PLACES = "/etc /usr/local /var/lib -path /var/lib/systemd -prune -o"  # users and packages are files there, too
ACT = re.compile(r"POST +\"/api/(?:generate|chat|embed)\"")
_FATAL = re.compile(r"^fatal: \[(?P<host>[^]]+)\]: FAILED! => (?P<result>\{.*\})$", re.MULTILINE)
_PLAIN = {
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_FORKS": "4",
    "ANSIBLE_NOCOLOR": "1",
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a play."""

    status: int
    output: str

    @property
    def messages(self) -> dict[str, str]:
        """The last thing that each host that failed was told."""
        return {found["host"]: json.loads(found["result"])["msg"] for found in _FATAL.finditer(self.output)}

    @property
    def changed(self) -> list[str]:
        """The hosts that were changed, once for each task."""
        return re.findall(r"^changed: \[([^]]+)\]", self.output, re.MULTILINE)

    @property
    def hosts(self) -> list[str]:
        """The hosts of the recap: those that the play came to."""
        return re.findall(r"^(\S+) +: ok=", self.output, re.MULTILINE)


def play(name: str, inventories: Sequence[pathlib.Path], *options: str, **environment: str) -> Outcome:
    """Run a playbook of the collection, or one of ours by its path, as a user would."""
    playbook = name if name.endswith(".yml") else f"keepwarm.ollama.{name}"
    command = ["ansible-playbook", *(f"--inventory={path}" for path in inventories), *options, playbook]
    environment = {**os.environ, **_PLAIN, **environment}
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
    return Outcome(done.returncode, done.stdout + done.stderr)


def reach(name: str) -> Any:
    """Testinfra's view of the host of that name."""
    return testinfra.get_host(f"ssh://{name}", ssh_config=os.environ["KEEPWARM_SSH_CONFIG"])


class Machine:
    """A host of this scenario."""

    def __init__(self, name: str) -> None:
        self.name = f"{PREFIX}-{name}"
        self._host = reach(self.name)

    def run(self, command: str) -> str:
        """What a command prints; it must succeed."""
        return str(self._host.check_output(command))

    def state(self) -> list[str]:
        """Every file with its owner, mode and content, and what the server was made to do, if there is one."""
        owners = self.run(f"find {PLACES} -printf '%p %y %m %u:%g %l\\n'").splitlines()
        contents = self.run(f"find {PLACES} -type f -exec sha256sum {{}} +").splitlines()
        return [*sorted(owners), *sorted(contents), *self.server()]

    def server(self) -> list[str]:
        """Which start of the server, which models with which expiry, and how many requests it had that load or unload."""
        start = self.run("systemctl show --property=InvocationID,ActiveState ollama.service")
        acts = ACT.findall(self.run("journalctl --quiet --unit=ollama.service --output=cat"))
        return [start, self.run(f"curl --silent {URL}/api/ps || true"), str(len(acts))]

    def resident(self) -> dict[str, str]:
        """The expiry of each model in memory."""
        answer = json.loads(self.run(f"curl --fail --silent {URL}/api/ps"))
        return {model["name"]: model["expires_at"] for model in answer["models"]}

    def post(self, path: str, **body: Any) -> None:
        """What a client may ask of the server."""
        self.run(f"curl --fail --silent --show-error {URL}{path} --data '{json.dumps(body)}'")

    def restart_server(self) -> None:
        """As whoever changed its unit by hand does; it answers when this returns."""
        self.run("systemctl daemon-reload && systemctl restart ollama.service")
        self.run(f"curl --fail --silent --retry 60 --retry-delay 1 --retry-connrefused {URL}/api/version")
