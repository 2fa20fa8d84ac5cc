# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Six hosts whose Ollama is upgraded, and what becomes of each."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from shared.machine import Machine, Outcome, play

SCENARIO = pathlib.Path(__file__).resolve().parents[1]
INVENTORIES = [SCENARIO.parent / "shared/inventory.yml", SCENARIO / "inventory.yml"]
HOOKS_LOG = pathlib.Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "hooks.log"
HOOKS = {f"keepwarm_{word}_upgrade": str(SCENARIO / f"hooks/{word}.yml") for word in ("before", "after")}
QUICK = {"ANSIBLE_PIPELINING": "1", "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3"}
CALLBACKS = os.pathsep.join(str(folder / "callbacks") for folder in (SCENARIO, SCENARIO.parent / "shared"))
RECORD = "/opt/ollama/upgrade.json"
NAMES = [f"gpu{number}" for number in range(1, 7)]


@dataclasses.dataclass(frozen=True)
class Look:
    """What a host serves: asked of the server, systemd and the disk."""

    version: str  # of the running server
    releases: tuple[str, ...]  # what is in their folder
    current: str
    resident: tuple[str, ...]  # for ever, and wholly in VRAM
    start: str  # of the server
    undeclared: tuple[tuple[str, int], ...] = ()  # in memory for a while, with the context


class Host(Machine):
    """A host with a release of Ollama."""

    @contextlib.contextmanager
    def without_passes(self) -> Iterator[Host]:
        """The agent writes nothing meanwhile."""
        self.run("systemctl stop ollama-warmup.timer ollama-warmup.service")
        yield self
        self.run("systemctl start ollama-warmup.timer")

    def look(self) -> Look:
        version = json.loads(self.run("curl --fail --silent http://127.0.0.1:11434/api/version"))["version"]
        models = json.loads(self.run("curl --fail --silent http://127.0.0.1:11434/api/ps"))["models"]
        return Look(
            version,
            tuple(self.run("ls -A /opt/ollama").split()),
            self.run("readlink /opt/ollama/current").strip(),
            tuple(model["name"] for model in models if model["expires_at"] > "2300" and model["size"] == model["size_vram"]),
            self.run("systemctl show --property=InvocationID --value ollama.service").strip(),
            tuple((model["name"], model["context_length"]) for model in models if model["expires_at"] < "2300"),
        )

    def load_undeclared(self) -> None:
        """What a client of the host may do."""
        self.post("/api/generate", model="tiny-b", keep_alive="5h", options={"num_ctx": 512})


@pytest.fixture(scope="session")
def fleet() -> dict[str, Host]:
    return {name: Host(name) for name in NAMES}


@pytest.fixture(scope="session")
def run() -> Callable[..., Outcome]:
    """Runs a playbook of the collection with a version, on all hosts or as options say; killed before the task that C(die_at) names."""

    def call(playbook: str, version: str, *options: str, die_at: str = "", **variables: Any) -> Outcome:
        HOOKS_LOG.unlink(missing_ok=True)
        extra = json.dumps({"ollama_server_version": version, "keepwarm_serial": [1, "50%"], "keepwarm_drain_seconds": 0, **HOOKS, **variables})
        death = {"ANSIBLE_CALLBACK_PLUGINS": CALLBACKS, "DIE_AT": die_at} if die_at else {}
        outcome = play(playbook, INVENTORIES, f"--extra-vars={extra}", *options, **QUICK, **death)
        assert (outcome.status == -9) == bool(die_at), outcome.output
        return outcome

    return call


@pytest.fixture(scope="session")
def refusals(fleet: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Runs the playbook on hosts of these names and variables, which are all one machine."""

    def call(cases: Mapping[str, Mapping[str, Any]]) -> Outcome:
        inventory = tmp_path_factory.mktemp("refusals") / "hosts.json"
        hosts = {name: {"ansible_host": fleet["gpu1"].name, **variables} for name, variables in cases.items()}
        inventory.write_text(json.dumps({"gpu_hosts": {"hosts": hosts}}))
        chosen = ["--limit", ",".join(cases), '--extra-vars={"keepwarm_serial": "100%", "keepwarm_max_fail_percentage": 100}']
        return play("upgrade", [*INVENTORIES, inventory], *chosen, **QUICK)

    return call


def hooks() -> list[str]:
    """Which hosts the last play took out of service and put back, in order."""
    return HOOKS_LOG.read_text().splitlines() if HOOKS_LOG.exists() else []
