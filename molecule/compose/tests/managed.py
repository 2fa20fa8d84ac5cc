# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same host with a server that this collection runs by docker compose, and the plays that do it."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

from conftest import Containers
from shared.machine import Outcome, play

SCENARIO = pathlib.Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
INVENTORIES = [SCENARIO.parent / "shared/inventory.yml", SCENARIO / "inventory.yml"]
DECLARED = {
    "ollama_server_deployment": "compose",
    "ollama_server_docker_host": "unix:///run/podman/podman.sock",
    "ollama_server_container_image": "localhost/ollama:1",
    "ollama_server_models": "/srv/models",
    "ollama_server_keep_alive": "45m",
    "ollama_warmup_unit": "ollama.service",
    "ollama_warmup_url": "",
}
"""In place of the server by its address."""
FILE = "/etc/keepwarm-ollama/keepwarm-ollama/compose.yaml"
COMPOSE = "DOCKER_HOST=unix:///run/podman/podman.sock docker compose"
OURS = r"find /etc /usr/local /var/lib /run -path /var/lib/containers -prune -o \( -name '*keepwarm*' -o -name '*ollama-warm*' \) -print"


class Managed(Containers):
    """What the engine tells of the container, and what a play that is refused must leave as it is."""

    def container(self) -> dict[str, Any]:
        """Which one it is, and what it was created with. Podman shows an image by any of its names, hence its number."""
        (found,) = json.loads(self.engine("container", "inspect", "ollama", "2>/dev/null"))
        return {"id": found["Id"], "image": found["Image"], "environment": found["Config"]["Env"]}

    def health(self) -> str:
        """What Compose's health check says."""
        return self.engine("container", "inspect", "ollama", "--format", "'{{.State.Health.Status}}'", "2>/dev/null")

    def state(self) -> list[str]:
        """The containers, the images and the files."""
        listed = [self.engine("ps", "--all", "--no-trunc", "--format", "'{{.ID}} {{.Names}}'"), self.engine("images", "--format", "'{{.Repository}}:{{.Tag}}'")]
        return [*listed, self.run(OURS), self.run(f"cat {FILE} || true")]

    def site(self, *options: str, **variables: Any) -> Outcome:
        """Run the playbook with other variables."""
        return play("site", INVENTORIES, "--extra-vars", json.dumps({**DECLARED, **variables}), *options)


def remove() -> Outcome:
    """Take all of ours away."""
    return play("remove", INVENTORIES, "--extra-vars", json.dumps({**DECLARED, "keepwarm_remove_confirmed": True}))
