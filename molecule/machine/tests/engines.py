# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine with its server in a container, whose control group is a real one."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

from conftest import Virtual
from shared.gpu import PINS
from shared.machine import Outcome, play

SCENARIO = pathlib.Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
INVENTORIES = [SCENARIO.parent / "shared/inventory.yml", SCENARIO / "inventory.yml"]


class Contained(Virtual):
    """What the engine, the kernel and the server say."""

    engine = ""

    def have_image(self) -> None:
        """Have the stand-in's image in both engines, and its models: minutes of work."""
        if self.host.run(f"{self.engine} image inspect localhost/ollama:1").rc:
            self.order("make-image")

    def server(self, container: str = "ollama") -> str:
        """The process id of a container's server; empty where there is none."""
        return self.host.run(f"{self.engine} inspect --format '{{{{.State.Pid}}}}' {container}").stdout.strip()

    def runners(self, container: str = "ollama") -> dict[str, str]:
        """The process ids of its runners, by the weights that each has."""
        lines = self.host.run(f"pgrep --parent {self.server(container) or 'none'} --list-full --full llama-server").stdout.splitlines()
        return {line.partition("sha256-")[2][:64]: line.split()[0] for line in lines if "sha256-" in line}

    def group(self, pid: str) -> str:
        """The folder of a process's control group."""
        return "/sys/fs/cgroup" + self.run(f"cat /proc/{pid}/cgroup").strip().partition("0::")[2]

    def is_watched(self) -> bool:
        """Both pins are there, and the server and all its runners are waited for."""
        runners = self.runners()
        return set(PINS) <= self.pinned() and len(runners) >= len(PINS) and self.watched() == {self.server(), *runners.values()}

    def incident(self) -> list[Any]:
        """What the agent tells of the last one."""
        last = json.loads(self.host.run("ollama-warmup status --json").stdout)["history"]["incidents"][0]
        return [last["drift"], last["cause"], last["cause_evidence"]]

    def findings(self) -> dict[str, str]:
        """The doctor's, by their codes."""
        found = json.loads(self.host.run("ollama-warmup doctor --json").stdout)["findings"]
        return {finding["code"]: json.dumps(finding) for finding in found}

    def state(self) -> str:
        """What a play that is refused must leave as it is."""
        return self.run("find /etc/systemd /etc/ollama-warmup -type f -exec sha256sum {} +")

    def warm_up(self, **variables: Any) -> Outcome:
        """Run the agent's role alone with other variables, without its proof."""
        return self.playbook(str(SCENARIO.parent / "shared/warmup.yml"), ollama_warmup_prove=False, **variables)

    def playbook(self, name: str, **variables: Any) -> Outcome:
        """Run it as a user would."""
        return play(name, INVENTORIES, "--extra-vars", json.dumps(variables))

    def site(self, **variables: Any) -> Outcome:
        """Run the playbook with other variables."""
        return self.playbook("site", **variables)


class Docker(Contained):
    """By dockerd."""

    engine = "docker"


class Podman(Contained):
    """By Podman, as a service."""

    engine = "podman"
