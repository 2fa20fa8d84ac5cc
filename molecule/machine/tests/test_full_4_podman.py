# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that Podman runs as a service (Quadlet), with control groups of its own within the service's (`--cgroups=split`)."""

from __future__ import annotations

import pytest
from conftest import patiently
from engines import Podman
from shared.gpu import PINS, SERVER, TIMER

LIMIT = 1 << 30
DECLARED = {
    "ollama_server_deployment": "quadlet",
    "ollama_server_container_image": "localhost/ollama:1",
    "ollama_server_container_memory": "1g",
    "ollama_server_models": "/srv/models",
    "ollama_server_environment": {},
}
# Whatever the tests before made.
FREE = f"""
docker ps --all --quiet | xargs --no-run-if-empty docker rm --force
systemctl disable --quiet --now docker.service docker.socket
systemctl disable --quiet --now {SERVER}
rm --force /etc/systemd/system/{SERVER}
systemctl daemon-reload
"""


@pytest.fixture(scope="module")
def deployed(host: object) -> Podman:
    """The host with the server in a container that is a service, in place of every other."""
    found = Podman(host)
    found.have_image()
    removed = found.playbook("remove", keepwarm_remove_confirmed=True)
    assert removed.status == 0, removed.output
    found.run(FREE)
    made = found.site(**DECLARED)
    assert made.status == 0, made.output
    return found


@pytest.fixture
def podman(deployed: Podman) -> Podman:
    """Warm and watched; the timer is stopped, so that what repairs is the watch."""
    deployed.run(f"systemctl start {SERVER} && systemctl stop {TIMER}")
    patiently(deployed.is_watched)
    return deployed


def test_the_second_run_changes_nothing(podman: Podman) -> None:
    podman.run(f"systemctl start {TIMER}")
    again = podman.site(**DECLARED)
    assert (again.status, again.changed) == (0, []), again.output


def test_its_processes_are_in_a_control_group_within_the_service_with_the_declared_limit(podman: Podman) -> None:
    group = podman.group(podman.server())
    assert f"/system.slice/{SERVER}/libpod-payload-" in group
    assert podman.run(f"cat {group}/memory.max").strip() == str(LIMIT)
    assert podman.look() == {"tiny-a:latest": [], "embed:latest": [], "big:latest": []}


def test_the_doctor_finds_nothing_wrong(podman: Podman) -> None:
    podman.run(f"systemctl start {TIMER}")
    seen = podman.host.run("ollama-warmup doctor")
    assert seen.rc == 0, seen.stdout


def test_a_killed_runner_is_missed_at_once_and_named_a_runner_that_died(podman: Podman) -> None:
    blob, killed = next(iter(podman.runners().items()))
    podman.run(f"kill -KILL {killed}")
    patiently(lambda: podman.runners().get(blob, killed) != killed and podman.is_watched())
    assert podman.incident() == [["dead_runner"], "runner_died", "observed"]


def test_a_runner_that_the_kernel_killed_for_the_limit_is_back_and_the_agent_says_why_it_went(podman: Podman) -> None:
    podman.look()  # from now on it knows how often that has happened
    (blob, killed), before = next(iter(podman.runners().items())), podman.server()
    podman.starve(podman.group(before), killed)
    patiently(lambda: podman.runners().get(blob, killed) != killed and podman.is_watched())
    assert (podman.server(), podman.incident()) == (before, [["dead_runner"], "oom_killed", "inferred"])


def test_after_a_reboot_it_is_warm_without_a_play(podman: Podman) -> None:
    podman.reboot()
    patiently(lambda: podman.is_warm() and set(PINS) <= podman.pinned() and len(podman.runners()) >= len(PINS))
