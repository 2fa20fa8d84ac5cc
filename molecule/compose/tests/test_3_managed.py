# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that the collection runs by docker compose: from a container made by hand to a managed one, its changes, its failures, its removal."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ENGINE
from managed import COMPOSE, FILE, OURS, Managed, remove
from shared.gpu import PINS, eventually

CHANGED = {"ollama_server_context_length": 2048}
BROKEN = (
    "tar --create --file=/tmp/empty.tar --files-from=/dev/null",
    f"{ENGINE} import --change='CMD [\"/nowhere\"]' /tmp/empty.tar localhost/ollama:1",
)


@pytest.fixture
def gpu(host: Any) -> Managed:
    """As the test before left it."""
    return Managed(host)


def test_a_container_of_others_is_not_taken_over(gpu: Managed) -> None:
    before = gpu.state()
    outcome = gpu.site()
    assert (outcome.status, outcome.changed, gpu.state()) == (2, [], before), outcome.output
    assert "the container ollama is there, made by the project ollama: remove it" in str(outcome.messages)
    assert "systemctl enable podman-restart.service" in str(outcome.messages)
    gpu.run("systemctl enable podman-restart.service")


def test_check_mode_predicts_and_changes_nothing(gpu: Managed) -> None:
    gpu.run(f"cd /srv/ollama && {COMPOSE} down")
    gpu.engine("rm", "--force", "--time", "1", "by-hand")  # on the host's network, too: only root could tell them apart
    before = gpu.state()
    outcome = gpu.site("--check", "--diff")
    assert (outcome.status, gpu.state()) == (0, before), outcome.output
    assert '+      OLLAMA_KEEP_ALIVE: "2700s"' in outcome.output and "would be warm (tiny-a, embed)" in outcome.output


def test_it_runs_as_it_is_declared_and_healthy_is_resident(gpu: Managed) -> None:
    outcome = gpu.site()
    assert (outcome.status, gpu.pinned()) == (0, set(PINS)), outcome.output
    found = gpu.container()
    assert {"OLLAMA_KEEP_ALIVE=2700s", "OLLAMA_HOST=127.0.0.1:11434", "OLLAMA_MODELS=/srv/models"} <= set(found["environment"])
    assert 'image: "localhost/ollama@sha256:' in gpu.run(f"cat {FILE}")  # whatever becomes of the tag
    eventually(gpu.health, "healthy")


def test_a_second_run_changes_nothing(gpu: Managed) -> None:
    outcome = gpu.site()
    assert (outcome.status, outcome.changed) == (0, []), outcome.output


def test_a_dead_runner_and_a_restart_are_followed_by_the_watch(gpu: Managed) -> None:
    """The timer could not: it is stopped."""
    gpu.run("systemctl stop ollama-warmup.timer")
    eventually(gpu.is_warm_and_watched)
    killed = gpu.runners()[0]
    gpu.run(f"kill -9 {killed}")
    eventually(lambda: gpu.is_warm_and_watched() and killed not in gpu.runners())
    before = gpu.server()
    gpu.engine("restart", "--time", "1", "ollama")
    eventually(lambda: gpu.server() != before and gpu.is_warm_and_watched())


def test_a_changed_variable_recreates_the_container_which_is_warm_again(gpu: Managed) -> None:
    before = gpu.container()
    gpu.run(f"cp {FILE} /root/former.yaml")
    outcome = gpu.site(**CHANGED)
    after = gpu.container()
    assert (outcome.status, gpu.pinned()) == (0, set(PINS)), outcome.output
    assert before["id"] != after["id"] and "OLLAMA_CONTEXT_LENGTH=2048" in after["environment"]


def test_a_play_that_was_killed_after_writing_is_finished_by_the_next(gpu: Managed) -> None:
    """The file is on disk as it is to be, and the container is as it was."""
    gpu.run(f"cp /root/former.yaml {FILE}")
    outcome = gpu.site()
    assert (outcome.status, gpu.pinned()) == (0, set(PINS)), outcome.output
    assert "OLLAMA_CONTEXT_LENGTH=2048" not in gpu.container()["environment"]


def test_an_image_that_does_not_start_is_taken_back(gpu: Managed) -> None:
    gpu.run("systemctl stop ollama-warmup.timer ollama-warmup-watch.service")  # what is loaded again, the role has loaded
    before, file = gpu.container(), gpu.run(f"cat {FILE}")
    for command in BROKEN:
        gpu.run(command)
    outcome = gpu.site(ollama_server_ready_timeout=10)
    assert outcome.status == 2 and "The former settings are back" in str(outcome.messages), outcome.output
    assert (gpu.run(f"cat {FILE}"), gpu.container()["image"]) == (file, before["image"])
    assert gpu.pinned() == set(PINS)
    gpu.run(f"{ENGINE} tag {before['image']} localhost/ollama:1")


def test_nothing_of_ours_is_left_and_models_and_the_image_stay(gpu: Managed) -> None:
    outcome = remove()
    assert (outcome.status, gpu.run(OURS)) == (0, ""), outcome.output
    assert gpu.engine("ps", "--all", "--quiet", "2>/dev/null") == ""
    assert gpu.run("ls /srv/models").split() == ["blobs", "manifests"]
    assert gpu.engine("images", "--format", "'{{.Repository}}:{{.Tag}}'", "2>/dev/null", "|", "grep", "localhost").split() == ["localhost/ollama:1"]


def test_removing_again_changes_nothing(gpu: Managed) -> None:
    again = remove()
    assert (again.status, again.changed) == (0, []), again.output
