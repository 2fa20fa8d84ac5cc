# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of a server in a container: what can be read, and one sentence for what cannot."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.container import NAMES, container_problems, container_settings
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._server_entries import server_entries

DIGEST = "sha256:" + "0123456789abcdef" * 4
NOTHING = {"deployment": "quadlet", "container_image": None, "container_archive": "", "container_devices": None, "container_memory": None}
FLAT = {"environment": {}, "gpu": "auto", "start": "auto", "models": None, "container_restart": "always", "podman_args": [], **NOTHING}


@pytest.mark.parametrize(
    "image",
    ["localhost/ollama:1", f"registry.example.org/ollama/ollama@{DIGEST}", "registry.example.org:5000/a/b-c_d:0.32.15-rocm", f"example.org/a:1@{DIGEST}"],
)
def test_full_names_of_images_are_taken(image: str) -> None:
    assert container_problems({"container_image": image}, "") == []


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("deployment", "docker", "systemd, quadlet or compose"),
        ("docker_host", "tcp://10.0.0.1:2375", "unix:///run/podman/podman.sock"),
        ("container_image", "ollama/ollama:latest", "REGISTRY/NAME:TAG"),
        ("container_image", "localhost/ollama:1 --privileged", "REGISTRY/NAME:TAG"),
        ("container_image", f"localhost/ollama@{DIGEST[:-1]}", "DIGEST"),
        ("container_archive", "ollama.tar", "absolute path"),
        ("container_devices", ["nvidia.com/gpu"], "nvidia.com/gpu=all"),
        ("container_devices", "/dev/kfd", "list"),
        ("container_memory", "8 GB", "24g"),
        ("container_memory", True, "24g"),
        ("container_restart", "unless-stopped", "always"),
        ("podman_args", ["--env=A=1\nUser=root"], "list of texts"),
        ("podman_args", [8], "list of texts"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_with_what_would_be_right(name: str, wrong: Any, right: str) -> None:
    (sentence,) = container_problems({name: wrong}, "ollama_server_")
    assert sentence.startswith(f"ollama_server_{name} is {wrong!r}, ") and right in sentence


def test_what_nobody_declared_is_left_out() -> None:
    assert container_settings(NOTHING) == {"deployment": "quadlet"}
    assert container_settings({}) == {"deployment": "systemd"}


def test_a_bare_no_of_yaml_is_the_word() -> None:
    assert container_settings({"container_restart": False})["container_restart"] == "no"


def test_the_only_server_of_a_host_is_deployed_as_its_variables_say() -> None:
    found = server_entries([], "server", {**FLAT, "models": "/srv/models", "container_memory": "8g"}, {"install": "never"})
    assert found["problems"] == []
    (only,) = found["instances"]
    assert only["declared"]["deployment"] == "quadlet"
    assert only["container"] == {
        "unit": "ollama.service", "gpu": "auto", "folder": "/srv/models", "deployment": "quadlet", "container_memory": "8g", "container_restart": "always",
        "podman_args": [], "wanted_by": "multi-user.target",
    }  # fmt: skip


def test_a_server_in_a_container_is_not_installed_besides() -> None:
    (problem,) = server_entries([], "server", FLAT, {"install": "missing"})["problems"]
    assert "ollama_server_install is missing" in problem and "quadlet" in problem


def test_entries_of_a_list_are_deployed_each_in_its_own_way() -> None:
    listed = [{"name": "a", "port": 1, "server": {"deployment": "systemd"}}, {"name": "b", "port": 2, "server": {"container_image": "localhost/b:2"}}]
    found = server_entries(listed, "server", FLAT, {"install": "never"})
    assert found["problems"] == []
    assert [entry["declared"]["deployment"] for entry in found["instances"]] == ["systemd", "quadlet"]
    assert [entry["container"].get("container_image") for entry in found["instances"]] == [None, "localhost/b:2"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "podman_args"])
def test_entries_of_a_list_are_judged_as_the_variables_are(name: str) -> None:
    problems = server_entries([{"name": "a", "server": {name: {}}}], "server", FLAT)["problems"]
    assert [problem.startswith(f"instance a: server.{name} is {{}}, ") for problem in problems] == [True]


def test_a_value_that_podmans_units_do_not_carry_is_refused() -> None:
    (problem,) = server_entries([], "server", {**FLAT, "environment": {"OLLAMA_MODELS": "/srv/${HOME}"}}, {"install": "never"})["problems"]
    assert "OLLAMA_MODELS" in problem and "$" in problem


def test_a_folder_of_models_that_podman_cannot_mount_is_refused() -> None:
    (problem,) = server_entries([], "server", {**FLAT, "models": "/srv/models:new"}, {"install": "never"})["problems"]
    assert "/srv/models:new, has a colon" in problem


def test_a_folder_that_only_the_environment_names_is_mounted_too() -> None:
    (only,) = server_entries([], "server", {**FLAT, "environment": {"OLLAMA_MODELS": "/srv/models"}}, {"install": "never"})["instances"]
    assert only["container"]["folder"] == "/srv/models"
