# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of containers in the documentation, before the programs that read them: Podman's generator, Compose, the health check's shell."""

from __future__ import annotations

import base64
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from conftest import Contained
from shared.gpu import eventually

EXAMPLES = pathlib.Path(__file__).parents[3] / "docs/examples"
COMPOSE = EXAMPLES / "compose/compose.yaml"
GENERATOR = "/usr/lib/systemd/system-generators/podman-system-generator"


def copied(gpu: Contained, example: pathlib.Path) -> str:
    """Where the host has it, in a folder of its own."""
    folder, content = f"/root/examples/{example.parent.name}", base64.b64encode(example.read_bytes()).decode()
    gpu.run(f"mkdir -p {folder}; echo {content} | base64 -d >{folder}/{example.name}")
    return f"{folder}/{example.name}"


def test_podman_makes_a_service_of_the_quadlet_that_waits_at_the_gate(gpu: Contained) -> None:
    folder = copied(gpu, EXAMPLES / "quadlet/my-api.container").rpartition("/")[0]
    lines = gpu.run(f"QUADLET_UNIT_DIRS={folder} {GENERATOR} --dryrun 2>&1").splitlines()
    assert {"---my-api.service---", "Requires=ollama-warm-gate.service", "After=ollama-warm-gate.service", "Restart=always"} <= set(lines)
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    assert start.endswith(" registry.example.net/my-api")
    assert "host" in start and "OLLAMA_HOST=http://127.0.0.1:11434" in start


def test_compose_has_the_application_wait_for_a_healthy_server(gpu: Contained) -> None:
    project: dict[str, Any] = json.loads(gpu.run(f"docker compose --file {copied(gpu, COMPOSE)} config --format json"))
    assert project["services"]["api"]["depends_on"] == {"ollama": {"condition": "service_healthy", "required": True}}
    assert [(port["host_ip"], port["published"], port["target"]) for port in project["services"]["ollama"]["ports"]] == [("127.0.0.1", "11434", 11434)]


def test_compose_refuses_a_project_with_an_error(gpu: Contained) -> None:
    """So that the test above says something."""
    gpu.run(f"sed -i s/service_healthy/service_warm/ {copied(gpu, COMPOSE)}")
    assert gpu.host.run("docker compose --file /root/examples/compose/compose.yaml config").rc != 0


@pytest.mark.parametrize(("model", "status"), [("tiny-a:latest", 0), ("embed:latest", 0), ("tiny-b:latest", 1), ("tiny", 1)])
def test_the_health_check_says_whether_the_model_is_in_memory(gpu: Contained, model: str, status: int) -> None:
    kind, command = yaml.safe_load(COMPOSE.read_text())["services"]["ollama"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL" and "qwen3:8b" in command
    asked = base64.b64encode(command.replace("qwen3:8b", model).encode()).decode()
    assert gpu.host.run(f'podman exec ollama sh -c "$(echo {asked} | base64 -d)"').rc == status


class Project:
    """The example with the stand-in's image, its models, and an application that only lists what is in memory."""

    OWN = """\
services:
  ollama:
    image: localhost/ollama:1
    ports: !override ["127.0.0.1:11440:11434"]
    environment:
      OLLAMA_MODELS: /srv/models
    volumes: !override ["/srv/models:/srv/models"]
  api:
    image: localhost/ollama:1
    command: ps
    restart: !reset null
"""
    RUN = "DOCKER_HOST=unix:///run/podman/podman.sock docker compose --file /root/examples/compose/compose.yaml --file /root/examples/compose/own.yaml"

    def __init__(self, gpu: Contained) -> None:
        self.gpu = gpu
        gpu.run(f"sed -i s/qwen3:8b/tiny-a:latest/ {copied(gpu, COMPOSE)}; printf %s '{self.OWN}' >/root/examples/compose/own.yaml")
        gpu.run("mount -o remount,rw /proc/sys; systemctl start podman.socket")  # networks are set up by Podman, as on a machine

    def begin(self) -> None:
        """Bring it up, without waiting for it."""
        self.gpu.run(f"systemd-run --quiet --unit=example sh -c '{self.RUN} up --detach'")

    def inspect(self, service: str, what: str) -> str:
        """What Podman says of a container, if there is one."""
        return str(self.gpu.host.run(f"podman inspect compose-{service}-1 --format '{{{{{what}}}}}'").stdout).strip()

    def remove(self) -> None:
        """Leave nothing to the tests after this one."""
        self.gpu.run(f"{self.RUN} down --timeout 1 2>&1; systemctl stop podman.socket podman.service; rm -r /root/examples")


@pytest.fixture
def project(gpu: Contained) -> Iterator[Project]:
    found = Project(gpu)
    yield found
    found.remove()


def test_the_application_starts_when_the_model_is_in_memory(project: Project) -> None:
    project.begin()
    eventually(lambda: project.inspect("ollama", "len .State.Health.Log") not in ("", "0"))  # it was asked, and is not healthy
    assert (project.inspect("ollama", ".State.Health.Status"), project.inspect("api", ".State.Status")) == ("starting", "created")
    project.gpu.run("""curl --fail --silent http://127.0.0.1:11440/api/generate -d '{"model": "tiny-a", "keep_alive": -1}'""")
    eventually(lambda: project.inspect("api", ".State.Status"), "exited")
    assert "tiny-a:latest" in project.gpu.run("podman logs compose-api-1 2>/dev/null")
