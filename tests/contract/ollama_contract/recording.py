# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded scenarios, and which of them a server can be asked (see README.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).resolve().parent.parent
LINE = "0.32.15"  # what the stand-in imitates
MODELS = ("tiny-a", "tiny-b", "tiny-c", "embed", "big")
# The scenario that needs a registry beside the server.
WITH_REGISTRY = "pull"
# What only the one who starts a server can do to it.
_TO_THE_PROCESS = {"restart", "kill_runners"}
# The recording server ran without the cloud; one that has it is right to answer otherwise.
_WITHOUT_CLOUD = {"cloud"}
# What depends on the machine: its processes, its models, its cloud, its lack of a network.
_OF_THE_MACHINE = {"count_runners"}
_PATHS_OF_THE_MACHINE = {"/api/status", "/v1/models"}
_NO_NETWORK = "no such host"

Step = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """Steps in order against one server that was started with an environment."""

    name: str
    title: str
    environment: dict[str, str]
    steps: tuple[Step, ...]

    @property
    def needs_own_server(self) -> bool:
        """Whether it takes an environment, a restart, or a kill."""
        return bool(self.environment) or any(step["do"] in _TO_THE_PROCESS for step in self.steps)

    def for_any_server(self) -> Scenario:
        """The same without the steps whose result depends on the machine."""
        return replace(self, steps=tuple(step for step in self.steps if not _is_of_the_machine(step)))


@dataclass(frozen=True)
class Recording:
    """All scenarios of one released version."""

    version: str
    scenarios: tuple[Scenario, ...]

    def of_own_servers(self) -> Iterator[Scenario]:
        """What a server can be asked that the tests start themselves."""
        return iter(self.scenarios)

    def of_any_server(self) -> Iterator[Scenario]:
        """What any running server can be asked, given nothing but its address."""
        asked = (each for each in self.of_own_servers() if not each.needs_own_server)
        return (each.for_any_server() for each in asked if each.name not in _WITHOUT_CLOUD)


def _is_of_the_machine(step: Step) -> bool:
    if step["do"] in _OF_THE_MACHINE or step.get("path") in _PATHS_OF_THE_MACHINE:
        return True
    return _NO_NETWORK in json.dumps(step.get("result", {}))


def load(version: str) -> Recording:
    """The recording of a version such as "0.32.15"."""
    data = json.loads((DIRECTORY / f"v{version}.json").read_text(encoding="utf-8"))
    return Recording(data["server"], tuple(_scenario(each) for each in data["scenarios"]))


def _scenario(data: dict[str, Any]) -> Scenario:
    return Scenario(data["scenario"], data["title"], data["environment"], tuple(data["steps"]))
