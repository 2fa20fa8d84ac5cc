# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Compose file of ours says what was declared, and its label changes with whatever it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose import project
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.project import LABEL, MADE_LABEL, boot_text, declared_by, project_text
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.wanted import Composed, composed_server
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.wanted import Wanted
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.marks import is_marked, role_mark

IMAGE = "registry.example.org/ollama@sha256:" + "0123456789abcdef" * 4
SERVER = Wanted("ollama.service", "compose", image="registry.example.org/ollama:1", memory="24g", restart="on-failure", folder="/srv/models: big")
WANTED = Composed("default", SERVER, {"OLLAMA_HOST": "127.0.0.1:11500"}, {}, [])
ENVIRONMENT = {"OLLAMA_KEEP_ALIVE": "2700s", "PASSWORD": 'a"$b: #'}


def service(wanted: Composed = WANTED, devices: tuple[str, ...] = ()) -> dict[str, Any]:
    found = yaml.safe_load(project_text(wanted, IMAGE, ENVIRONMENT, devices))
    assert list(found["services"]) == ["ollama"]
    return dict(found["services"]["ollama"])


def test_it_says_what_was_declared() -> None:
    found = service()
    assert (found["image"], found["mem_limit"], found["restart"]) == (IMAGE, "24g", "on-failure")
    assert found["environment"] == {"OLLAMA_KEEP_ALIVE": "2700s", "PASSWORD": 'a"$$b: #'}  # Compose makes one $ of two
    assert (found["network_mode"], found["container_name"]) == ("host", "ollama")
    assert found["volumes"][0] == {"type": "bind", "source": "/srv/models: big", "target": "/srv/models: big"}


def test_healthy_is_resident_by_the_folder_of_the_agent() -> None:
    found = service(replace(WANTED, name="a"))
    mounts = {mount["target"]: mount for mount in found["volumes"]}
    program, folder = found["healthcheck"]["test"][2:]
    assert (mounts[folder]["source"], mounts[folder]["read_only"], mounts[folder]["bind"]) == ("/run/ollama-warmup/a", True, {"create_host_path": True})
    assert (program, mounts["/usr/local/lib/keepwarm"]["read_only"]) == ("/usr/local/lib/keepwarm/ready.sh", True)
    assert mounts["/usr/local/lib/keepwarm"]["source"] == "/etc/keepwarm-ollama/keepwarm-ollama-a/health"


def test_the_folder_of_the_agent_is_there_from_a_boot_on() -> None:
    lines = boot_text(replace(WANTED, name="a")).splitlines()[1:]
    assert lines == ["d /run/ollama-warmup :0755 :root :root -", "d /run/ollama-warmup/a :0755 :root :root -"]


def test_without_a_folder_the_models_are_in_a_volume_that_people_know() -> None:
    text = project_text(replace(WANTED, container=replace(SERVER, folder="")), IMAGE, {}, ())
    found = yaml.safe_load(text)
    assert found["services"]["ollama"]["volumes"][0] == {"type": "volume", "source": "ollama", "target": "/root/.ollama"}
    assert found["volumes"] == {"ollama": {"name": "ollama"}}


@pytest.mark.parametrize(
    ("devices", "reserved"),
    [
        (("nvidia",), {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}),
        (("nvidia.com/gpu=0", "nvidia.com/gpu=1"), {"driver": "cdi", "device_ids": ["nvidia.com/gpu=0", "nvidia.com/gpu=1"], "capabilities": ["gpu"]}),
    ],
)
def test_nvidias_gpus_are_reserved(devices: tuple[str, ...], reserved: dict[str, Any]) -> None:
    assert service(devices=devices)["deploy"]["resources"]["reservations"]["devices"] == [reserved]


def test_amds_gpus_are_devices() -> None:
    found = service(devices=("/dev/kfd", "/dev/dri"))
    assert (found["devices"], "deploy" in found) == (["/dev/kfd", "/dev/dri"], False)


def test_the_label_changes_with_whatever_the_file_says() -> None:
    texts = [
        project_text(WANTED, IMAGE, ENVIRONMENT, ()),
        project_text(WANTED, IMAGE.replace("0", "1"), ENVIRONMENT, ()),
        project_text(WANTED, IMAGE, {**ENVIRONMENT, "OLLAMA_CONTEXT_LENGTH": "2048"}, ()),
        project_text(replace(WANTED, container=replace(SERVER, memory="25g")), IMAGE, ENVIRONMENT, ()),
    ]
    labels = [declared_by(text) for text in texts]
    assert len(set(labels)) == len(texts)
    assert all(yaml.safe_load(text)["services"]["ollama"]["labels"][LABEL] == label for text, label in zip(texts, labels))
    assert is_marked(WANTED.file, texts[0].encode(), role_mark("ollama_server"))
    assert declared_by("services: {}") == ""


def test_the_label_is_of_what_was_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    def label(defaults: dict[str, str]) -> str:
        return declared_by(project_text(WANTED, IMAGE, {**defaults, **ENVIRONMENT}, (), tuple(defaults)))

    first = label({"OLLAMA_MAX_LOADED_MODELS": "4"})
    assert label({"OLLAMA_MAX_LOADED_MODELS": "8"}) == first == label({})
    text = project_text(WANTED, IMAGE, ENVIRONMENT, ())
    monkeypatch.setattr(project, "role_mark", lambda _role: "another word")
    changed = project_text(WANTED, IMAGE, dict(reversed(ENVIRONMENT.items())), ())
    assert changed != text and declared_by(changed) == first
    hidden = {**ENVIRONMENT, "TOKEN": "\n    # a comment"}
    assert declared_by(project_text(WANTED, IMAGE, hidden, ())) != first


def test_a_second_label_leaves_out_the_values_of_variables() -> None:
    def label(image: str, **environment: str) -> str:
        return declared_by(project_text(WANTED, image, environment, ()), MADE_LABEL)

    first = label(IMAGE, OLLAMA_KEEP_ALIVE="45m", TOKEN="a")
    assert label(IMAGE, TOKEN="b", OLLAMA_KEEP_ALIVE="1h") == first != ""
    assert first not in (label(IMAGE, OLLAMA_KEEP_ALIVE="45m"), label(IMAGE.replace("0", "1"), OLLAMA_KEEP_ALIVE="45m", TOKEN="a"))


def test_names_and_addresses_of_several_servers_differ() -> None:
    given = {
        "unit": "ollama-Big.service", "deployment": "compose", "container_image": None, "container_archive": None, "container_devices": None,
        "container_memory": None, "container_restart": "always", "gpu": "auto", "folder": None, "name": "Big", "docker_host": None,
        "environment": {"OLLAMA_HOST": "[::1]:11500"}, "defaults": {}, "models": [], "restart": "never", "start": "auto", "ready_timeout": 5,
    }
    found = composed_server(given)
    assert (found.container_name, found.project, found.recreates) == ("ollama-Big", "keepwarm-ollama-big", False)
    assert (found.url, composed_server({**given, "environment": {}}).url) == ("http://[::1]:11500", "http://127.0.0.1:11434")
