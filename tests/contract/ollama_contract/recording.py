# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded scenarios, and which of them a server can be asked (see README.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

DIRECTORY = Path(__file__).resolve().parent.parent
MODELS = ("tiny-a", "tiny-b", "tiny-c", "embed", "big")
_OWN_PROCESS = {"restart", "kill_runners", "count_runners"}
# The recording server ran without the cloud; one that has it is right to answer otherwise.
_NEEDS_NO_CLOUD = {"basics", "cloud"}
# Pulling comes with "The host's whole life".
_LATER = {"pull"}

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
        """Whether it takes starting, restarting or looking into the server's processes."""
        return bool(self.environment) or any(step["do"] in _OWN_PROCESS for step in self.steps)


@dataclass(frozen=True)
class Recording:
    """All scenarios of one released version."""

    version: str
    scenarios: tuple[Scenario, ...]

    def of_own_servers(self) -> Iterator[Scenario]:
        """What a server can be asked that the tests start themselves."""
        return (each for each in self.scenarios if each.name not in _LATER)

    def of_any_server(self) -> Iterator[Scenario]:
        """What any running server can be asked, given nothing but its address."""
        asked = (each for each in self.of_own_servers() if not each.needs_own_server)
        return (each for each in asked if each.name not in _NEEDS_NO_CLOUD)


def load(version: str) -> Recording:
    """The recording of a version such as "0.32.15"."""
    data = json.loads((DIRECTORY / f"v{version}.json").read_text(encoding="utf-8"))
    return Recording(data["server"], tuple(_scenario(each) for each in data["scenarios"]))


def _scenario(data: dict[str, Any]) -> Scenario:
    return Scenario(data["scenario"], data["title"], data["environment"], tuple(data["steps"]))
