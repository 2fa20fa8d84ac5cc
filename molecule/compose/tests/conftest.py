# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose server is in a container of a Compose project, beside another container that nobody declared."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import pytest
from shared.gpu import PINS, Gpu, eventually

ENGINE = "PODMAN_IGNORE_CGROUPSV1_WARNING=1 podman"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless all is asked for."""
    full = [item for item in items if item.path.name.startswith("test_full_") and not os.environ.get("FULL")]
    items[:] = [item for item in items if item not in full]
    config.hook.pytest_deselected(items=full)


class Containers(Gpu):
    """What the engine, the kernel and the server say."""

    def engine(self, *words: str) -> str:
        """What podman prints."""
        return self.run(f"{ENGINE} {' '.join(words)}").strip()

    def server(self, name: str = "ollama") -> str:
        """The process id of a container's server."""
        return self.engine("inspect", name, "--format", "'{{.State.Pid}}'")

    def runners(self, name: str = "ollama") -> list[str]:
        """The process ids of its runners."""
        return str(self.host.run(f"pgrep --parent {self.server(name)} --full llama-server").stdout).split()

    def report(self) -> dict[str, Any]:
        """The agent's own, a look included."""
        found: dict[str, Any] = json.loads(self.host.run("ollama-warmup status --json").stdout)
        return found

    def drifts(self) -> dict[str, Sequence[str]]:
        """By model, as the last pass found them: that a process is not to be seen is among them."""
        return {model["model"]: model["drift"] for model in self.report()["last_pass"]["models"]}

    def findings(self) -> set[str]:
        """The doctor's, by their codes."""
        found = json.loads(self.host.run("ollama-warmup doctor --json").stdout)
        return {finding["code"] for finding in found["findings"]}

    def is_warm_and_watched(self) -> bool:
        """Both pins are there, and the server and both runners are waited for."""
        runners = self.runners()
        return set(PINS) <= self.pinned() and len(runners) == 2 and self.watched() == {self.server(), *runners}


@pytest.fixture
def gpu(host: Any) -> Containers:
    """Warm and watched; the timer is stopped, so that what repairs is the watch."""
    found = Containers(host)
    found.run("systemctl stop ollama-warmup.timer")
    found.run("systemctl start ollama-warmup.service")
    eventually(found.is_warm_and_watched)
    return found
