# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in a container of Docker's own daemon, which this collection did not make: proved, watched and examined by its address."""

from __future__ import annotations

import shlex

import pytest
from conftest import patiently
from engines import SCENARIO, Docker
from shared.gpu import SERVER, TIMER

PROJECT = (SCENARIO.parent / "compose/files/compose.yaml").read_text(encoding="utf-8")
UP = "cd /srv/ollama && docker compose up --quiet-pull --detach"
PREPARE = f"""
systemctl disable --quiet --now {SERVER}
mkdir -p /srv/ollama
printf %s {shlex.quote(PROJECT)} > /srv/ollama/compose.yaml
{UP}
"""
BY_ADDRESS = {"ollama_warmup_url": "http://127.0.0.1:11434", "ollama_warmup_unit": "ollama-in-docker.service"}  # a unit that systemd does not know
LEGACY = """
set -eu
install -m 755 /usr/bin/runc /usr/local/bin/nvidia-container-runtime
printf '{"runtimes": {"nvidia": {"path": "/usr/local/bin/nvidia-container-runtime"}}}' > /etc/docker/daemon.json
systemctl restart docker.service
docker run --detach --name with-gpu --runtime nvidia --env NVIDIA_VISIBLE_DEVICES=all localhost/ollama:1
"""


@pytest.fixture(scope="module")
def deployed(host: object) -> Docker:
    """The host with the server in a container in place of its unit, and the agent told of its address."""
    found = Docker(host)
    found.have_image()
    found.run(PREPARE)
    found.play(**BY_ADDRESS)
    return found


@pytest.fixture
def docker(deployed: Docker) -> Docker:
    """Warm and watched; the timer is stopped, so that what repairs is the watch."""
    deployed.run(f"{UP} && systemctl stop {TIMER}")
    patiently(deployed.is_watched)
    return deployed


def test_its_processes_are_seen_in_a_control_group_of_version_2(docker: Docker) -> None:
    assert docker.group(docker.server()).endswith(f"/system.slice/docker-{docker.run('docker inspect --format {{.Id}} ollama').strip()}.scope")
    assert docker.look() == {"tiny-a:latest": [], "embed:latest": [], "big:latest": []}


def test_a_killed_runner_is_missed_at_once_and_named_a_runner_that_died(docker: Docker) -> None:
    blob, killed = next(iter(docker.runners().items()))
    docker.run(f"kill -KILL {killed}")
    patiently(lambda: docker.runners().get(blob, killed) != killed and docker.is_watched())
    assert docker.incident() == [["dead_runner"], "runner_died", "observed"]


def test_a_restart_of_the_container_is_followed_without_a_timer(docker: Docker) -> None:
    before = docker.server()
    docker.run("docker restart -t 1 ollama")
    patiently(lambda: docker.server() != before and docker.is_watched())


def test_a_restart_of_the_daemon_is_followed_without_a_timer(docker: Docker) -> None:
    before = docker.server()
    docker.run("systemctl restart docker.service")
    patiently(lambda: docker.server() not in (before, "0") and docker.is_watched())


def test_a_port_that_is_published_to_all_is_found(docker: Docker) -> None:
    assert "0.0.0.0:11434" in docker.findings()["container_port_exposed"]


def test_a_memory_limit_below_the_models_is_found(docker: Docker) -> None:
    assert "container_memory_too_small" not in docker.findings()
    docker.run("docker update --memory 300m --memory-swap 300m ollama")
    assert docker.run(f"cat {docker.group(docker.server())}/memory.max").strip() == str(300 << 20)
    found = docker.findings()["container_memory_too_small"]
    assert "container ollama may use 315 MB" in found and f"Memory {300 << 20}" in found


def test_a_runner_that_the_kernel_killed_for_the_limit_is_back_and_the_agent_says_why_it_went(docker: Docker) -> None:
    docker.run("docker update --memory 300m --memory-swap 300m ollama")
    docker.look()  # from now on it knows how often that has happened
    (blob, killed), before = next(iter(docker.runners().items())), docker.server()
    docker.starve(docker.group(before), killed)
    patiently(lambda: docker.runners().get(blob, killed) != killed and docker.is_watched())
    assert (docker.server(), docker.incident()) == (before, [["dead_runner"], "oom_killed", "inferred"])


def test_a_daemon_reload_that_would_take_a_gpu_away_is_refused_unless_it_is_allowed(docker: Docker) -> None:
    """The runtime is a copy of runc by the legacy one's name: what is asked of Docker, and what it answers, is real."""
    docker.run(LEGACY)
    patiently(docker.is_watched)
    before = docker.state()
    refused = docker.warm_up(**BY_ADDRESS, ollama_warmup_interval="7m")
    assert (refused.status, refused.changed, docker.state()) == (2, [], before), refused.output
    assert "the containers with-gpu would lose their GPU" in str(refused.messages)
    allowed = docker.warm_up(**BY_ADDRESS, ollama_warmup_interval="7m", ollama_warmup_allow_daemon_reload=True)
    assert allowed.status == 0 and "these containers may have lost their GPU: with-gpu" in " ".join(allowed.output.split()), allowed.output
    assert docker.state() != before
    docker.run("docker rm --force with-gpu && rm /etc/docker/daemon.json && systemctl restart docker.service")
