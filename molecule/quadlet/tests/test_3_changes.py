# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed reaches the server, what cannot be is refused before anything is changed, and what was interrupted or fails is put right."""

from __future__ import annotations

from typing import Any

from conftest import DROPIN, INVENTORIES, Contained
from shared.gpu import PINS, SERVER, eventually
from shared.machine import play

CHANGED: dict[str, Any] = {"ollama_server_context_length": 2048, "ollama_server_container_memory": "3g"}
INTERRUPTED = {**CHANGED, "ollama_server_container_memory": "5g"}


def test_what_podman_would_not_take_is_refused_before_anything_is_changed(gpu: Contained) -> None:
    before = gpu.state()
    outcome = gpu.site(ollama_server_podman_args=["--no-such-option"], ollama_server_container_devices=["nvidia.com/gpu=all"])
    assert (outcome.status, outcome.changed, gpu.state()) == (2, [], before), outcome.output
    assert "which podman run does not take: unknown flag: --no-such-option." in str(outcome.messages)
    assert "nvidia.com/gpu=all, which no specification of CDI" in str(outcome.messages)


def test_an_archive_without_an_image_is_refused_before_it_is_copied(gpu: Contained) -> None:
    before = gpu.state()
    outcome = gpu.site(ollama_server_container_image="localhost/nowhere:1", ollama_server_container_archive="/etc/hostname")
    assert (outcome.status, outcome.changed, gpu.state()) == (2, [], before), outcome.output
    assert "/etc/hostname, which is no archive of an image" in str(outcome.messages)


def test_an_upgrade_of_ollama_is_refused_with_the_way_to_upgrade_an_image(gpu: Contained) -> None:
    before = gpu.state()
    outcome = play("upgrade", INVENTORIES)
    assert (outcome.status, outcome.changed, gpu.state()) == (2, [], before), outcome.output
    assert "name another one in ollama_server_container_image and run keepwarm.ollama.site" in str(outcome.messages)


def test_a_changed_variable_recreates_the_container_which_is_warm_again(gpu: Contained) -> None:
    before = gpu.container()
    outcome = gpu.site(**CHANGED)
    after = gpu.container()
    assert (outcome.status, gpu.pinned()) == (0, set(PINS)), outcome.output
    assert before["id"] != after["id"] and "--memory=3g" in after["command"] and "OLLAMA_CONTEXT_LENGTH=2048" in after["environment"]


def test_a_play_that_was_killed_after_writing_is_finished_by_the_next(gpu: Contained) -> None:
    """The drop-in is on disk as it is to be, systemd has not read it, and nothing has restarted."""
    gpu.run(f"sed -i s/--memory=3g/--memory=5g/ {DROPIN}")
    written = gpu.run(f"cat {DROPIN}")
    outcome = gpu.site(**INTERRUPTED)
    assert outcome.status == 0 and "--memory=5g" in gpu.container()["command"], outcome.output
    assert (gpu.pinned(), gpu.run(f"cat {DROPIN}")) == (set(PINS), written)


def test_a_tag_that_moved_changes_nothing_until_the_next_play_which_goes_back_if_the_new_image_does_not_start(gpu: Contained) -> None:
    image, dropin = gpu.container()["command"][-1], gpu.run(f"cat {DROPIN}")
    gpu.run("tar --create --file=/tmp/empty.tar --files-from=/dev/null")
    gpu.run("podman import --change='CMD [\"/nowhere\"]' /tmp/empty.tar localhost/ollama:1")
    gpu.run(f"systemctl restart {SERVER}")
    eventually(gpu.has_both_runners)
    assert gpu.container()["command"][-1] == image
    outcome = gpu.site(**INTERRUPTED, ollama_server_ready_timeout=10)
    assert outcome.status != 0 and "The former settings are back" in str(outcome.messages), outcome.output
    assert (gpu.run(f"cat {DROPIN}"), gpu.container()["command"][-1], gpu.pinned()) == (dropin, image, set(PINS))
    gpu.run(f"podman tag {image} localhost/ollama:1")


def test_after_a_reboot_it_is_warm_without_a_play(gpu: Contained) -> None:
    gpu.reboot()
    eventually(gpu.has_both_runners)
