# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed reaches the server, what cannot be is refused before anything is changed, and what was interrupted or fails is put right."""

from __future__ import annotations

import pytest
from conftest import Contained
from shared.gpu import PINS

DROPIN = "/etc/containers/systemd/ollama.container.d/zz-keepwarm.conf"


def state(gpu: Contained) -> tuple[str, str]:
    return gpu.container()["id"], gpu.run(f"cat {DROPIN}")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ollama_server_deployment": "podman"}, "ollama_server_deployment"),
        ({"ollama_server_container_image": "localhost/nowhere:1"}, "the image localhost/nowhere:1 is not on this host"),
        ({"ollama_server_container_devices": ["nvidia.com/gpu=all"]}, "which no specification of CDI"),
        ({"ollama_server_container_archive": "/etc/hostname", "ollama_server_container_image": "localhost/nowhere:1"}, "is no archive of an image"),
        ({"ollama_server_podman_args": ["--no-such-option"]}, "--no-such-option"),
    ],
)
def test_what_cannot_be_is_refused_and_the_server_left_alone(gpu: Contained, variables: dict[str, object], sentence: str) -> None:
    before = state(gpu)
    outcome = gpu.site(**variables)
    assert outcome.status != 0 and sentence in str(outcome.messages), outcome.output
    assert state(gpu)[1] == before[1] and gpu.pinned() >= set(PINS)


def test_a_changed_variable_recreates_the_container_which_is_warm_again(gpu: Contained) -> None:
    before = gpu.container()
    outcome = gpu.site(ollama_server_context_length=2048, ollama_server_container_memory="3g")
    after = gpu.container()
    assert (outcome.status, gpu.pinned()) == (0, set(PINS)), outcome.output
    assert before["id"] != after["id"] and "--memory=3g" in after["command"] and "OLLAMA_CONTEXT_LENGTH=2048" in after["environment"]


def test_a_play_that_was_killed_after_writing_is_finished_by_the_next(gpu: Contained) -> None:
    """The drop-in is on disk, systemd has not read it, and nothing has restarted."""
    gpu.run(f"sed -i s/--memory=[0-9]*g/--memory=5g/ {DROPIN}")
    outcome = gpu.site(ollama_server_container_memory="5g")
    assert outcome.status == 0 and "--memory=5g" in gpu.container()["command"], outcome.output
    assert gpu.pinned() == set(PINS)
    assert gpu.site("--diff", ollama_server_container_memory="5g").changed == []


def test_a_server_that_does_not_come_up_gets_its_former_image_back(gpu: Contained) -> None:
    gpu.run("tar --create --file=/tmp/empty.tar --files-from=/dev/null")
    gpu.run("podman import --change='CMD [\"/nowhere\"]' /tmp/empty.tar localhost/empty:1")
    before = state(gpu)
    outcome = gpu.site(ollama_server_container_image="localhost/empty:1", ollama_server_ready_timeout=10)
    assert outcome.status != 0 and "The former settings are back" in str(outcome.messages), outcome.output
    assert (gpu.run(f"cat {DROPIN}"), gpu.pinned()) == (before[1], set(PINS))
