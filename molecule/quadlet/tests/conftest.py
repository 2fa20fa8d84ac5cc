# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose server runs in a container of Podman's."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest
from shared.gpu import PASS, SERVER, TIMER, Gpu, eventually
from shared.machine import Outcome, play

SCENARIO = pathlib.Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
UNIT, DROPIN = "/etc/containers/systemd/ollama.container", "/etc/containers/systemd/ollama.container.d/zz-keepwarm.conf"
INVENTORIES = [SCENARIO.parent / "shared/inventory.yml", SCENARIO / "inventory.yml"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless all is asked for; with it, that comes before the server is removed."""
    full = [item for item in items if item.path.name.startswith("test_full_")]
    items[:] = [item for item in items if item not in full]
    if os.environ.get("FULL"):
        items[:0] = full
    else:
        config.hook.pytest_deselected(items=full)


class Contained(Gpu):
    """The container, as Podman tells of it, and its processes."""

    def container(self) -> dict[str, Any]:
        """Which one runs, and what it was created with."""
        (found,) = json.loads(self.run("podman container inspect ollama 2>/dev/null"))
        return {"id": found["Id"], "command": found["Config"]["CreateCommand"], "environment": found["Config"]["Env"]}

    def state(self) -> list[str]:
        """What a play that is refused must leave as it is."""
        noted = self.run("find /var/lib/keepwarm-ollama -type f -exec cat {} +; podman images --format '{{.Repository}}:{{.Tag}} {{.Digest}}' 2>/dev/null")
        return [self.container()["id"], self.run(f"cat {UNIT} {DROPIN}"), noted, *self.runners()]

    def runners(self) -> list[str]:
        """The processes that have a model each."""
        return self.host.run("pgrep --full '[l]lama-server.*sha256'").stdout.split()

    def has_both_runners(self) -> bool:
        """Warm, with a living process for each pin."""
        return self.is_warm() and len(self.runners()) == 2

    def site(self, *options: str, **variables: Any) -> Outcome:
        """Run the playbook with other variables."""
        return play("site", INVENTORIES, "--extra-vars", json.dumps(variables), *options)


@pytest.fixture
def gpu(host: Any) -> Contained:
    """The host, warm, whatever the test before did to it."""
    found = Contained(host)
    found.run(f"systemctl start {SERVER} {TIMER}")
    found.run(f"systemctl start {PASS}")
    eventually(found.has_both_runners)
    return found
