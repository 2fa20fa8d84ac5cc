# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the drop-in of a server in a container says, what the host has to have for it, and whether it was created with that."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import QUADLET
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.devices import AMD, NVIDIA, devices_for, missing_devices
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.engine import argument_error, kept_name, pinned, podman_version, without_tag
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.lines import container_lines
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.wanted import Wanted
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_state import forget_image, note_images, noted_images
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd import created
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.created import creation_differences
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.defaults import Settled
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.environment import declared_environment
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.quadlet import generated_units
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.server_dropin import Place, dropin_text
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile

UNIT = "ollama.service"
MADE = """[Service]
ExecStart=/usr/bin/podman run --name ollama --cidfile=%t/%N.cid --env OLLAMA_HOST=127.0.0.1 --memory=4g localhost/ollama:1
"""
YAML = """---
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
  - name: "0"
  - name: all
"""


def wanted(**declared: object) -> Wanted:
    return Wanted(UNIT, "quadlet", **declared)  # type: ignore[arg-type]


def test_a_unit_of_ours_has_all_that_is_declared() -> None:
    declared = wanted(folder="/srv/my models", memory="8g", arguments=["--cgroups=disabled", "--label=a=50%"], restart="on-failure")
    assert container_lines(declared, "localhost/a@sha256:1", ["/dev/kfd"], is_ours=True) == [
        "Image=localhost/a@sha256:1",
        'Volume="/srv/my models:/srv/my models"',
        "AddDevice=/dev/kfd",
        "PodmanArgs=--memory=8g",
        "PodmanArgs=--cgroups=disabled",
        "PodmanArgs=--label=a=50%%",
        "Restart=on-failure",
    ]


def test_of_a_unit_of_others_stays_what_nobody_declared() -> None:
    assert container_lines(wanted(), "", list(NVIDIA), is_ours=False) == []
    assert container_lines(wanted(devices=["/dev/dri"], memory="1g"), "", ["/dev/dri"], is_ours=False) == ["AddDevice=/dev/dri", "PodmanArgs=--memory=1g"]


def test_models_that_have_no_folder_are_in_a_volume() -> None:
    assert "Volume=ollama:/root/.ollama" in container_lines(wanted(), "localhost/a:1", [], is_ours=True)


@pytest.mark.parametrize(
    ("gpu", "nodes", "devices"),
    [("auto", [], []), ("auto", ["kfd"], list(AMD)), ("auto", ["nvidiactl"], list(NVIDIA)), ("none", ["kfd"], []), ("nvidia", [], list(NVIDIA))],
)
def test_devices_are_those_of_the_gpus(tmp_path: pathlib.Path, gpu: str, nodes: Sequence[str], devices: list[str]) -> None:
    (tmp_path / "dev").mkdir()
    for node in nodes:
        (tmp_path / "dev" / node).touch()
    assert devices_for(wanted(gpu=gpu), str(tmp_path)) == devices
    assert devices_for(wanted(gpu=gpu, devices=["/dev/x"]), str(tmp_path)) == ["/dev/x"]


@pytest.mark.parametrize("name", ["nvidia.yaml", "nvidia.json"])
def test_a_device_of_cdi_has_to_be_described(tmp_path: pathlib.Path, name: str) -> None:
    (sentence,) = missing_devices(NVIDIA, str(tmp_path))
    assert "nvidia.com/gpu=all" in sentence and "nvidia-ctk cdi generate" in sentence
    folder = tmp_path / "etc/cdi"
    folder.mkdir(parents=True)
    text = YAML if name.endswith("yaml") else json.dumps({"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "0"}, {"name": "all"}]})
    (folder / name).write_text(text)
    assert list(missing_devices(NVIDIA, str(tmp_path))) == []
    assert len(list(missing_devices(["nvidia.com/gpu=1", "amd.com/gpu=all"], str(tmp_path)))) == 2


def test_a_device_that_is_not_there_is_told() -> None:
    assert [sentence.split(",")[0] for sentence in missing_devices(["/dev/null", "/dev/keepwarm", "-/dev/keepwarm"])] == [
        "the container is to get /dev/keepwarm"
    ]


@pytest.mark.parametrize(("name", "bare"), [("localhost/a:1", "localhost/a"), ("r.example.org:5000/a/b", "r.example.org:5000/a/b"), ("x/a:1@sha256:2", "x/a")])
def test_an_image_has_a_name_without_its_tag(name: str, bare: str) -> None:
    assert without_tag(name) == bare


def test_an_image_is_pinned_by_the_digest_that_its_own_name_has() -> None:
    told = '["other.example.org/a@sha256:1","localhost/a@sha256:2"]\n'
    assert pinned(lambda _command: (0, told, ""), "localhost/a:1") == "localhost/a@sha256:2"
    assert pinned(lambda _command: (0, "null\n", ""), "localhost/a:1") == "localhost/a:1"
    assert pinned(lambda _command: (0, told, ""), "localhost/a:1@sha256:4") == "localhost/a@sha256:4"
    assert pinned(lambda _command: (125, "", "no such image"), "localhost/a:1") is None


def test_an_image_by_its_digest_is_kept_by_a_tag_of_the_same_repository() -> None:
    """Podman finds it by its digest only as long as it has one."""
    assert kept_name("r.example.org:5000/a/b@sha256:0123456789abcdef") == "r.example.org:5000/a/b:keepwarm-0123456789ab"
    assert kept_name("localhost/a:1") == ""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((0, "Run a command in a new container", ""), ""),
        ((125, "", 'time=1 level=warning msg="x"\nError: unknown flag: --no-such\nSee \'podman run --help\'\n'), "unknown flag: --no-such"),
        ((1, "", "cannot start\n"), "cannot start"),
    ],
)
def test_podman_says_which_argument_it_does_not_take(answer: tuple[int, str, str], said: str) -> None:
    asked: list[Sequence[str]] = []
    assert argument_error(lambda command: (asked.append(command), answer)[1], ["--no-such", "image"]) == said
    assert asked == [["podman", "run", "--help", "--no-such", "image"]]  # in this order nothing is ever run


@pytest.mark.parametrize(
    ("answer", "version"), [((0, "podman version 5.4.2\n", ""), (5, 4)), ((0, "podman version 4.3.1\n", ""), (4, 3)), ((127, "", ""), None)]
)
def test_podman_tells_its_version(answer: tuple[int, str, str], version: tuple[int, int] | None) -> None:
    assert podman_version(lambda _command: answer) == version


def test_what_the_generator_prints_is_read_unit_by_unit() -> None:
    assert generated_units("---a.service---\n[Unit]\nA=1\n\n---b.service---\n[Unit]\n") == {"a.service": "[Unit]\nA=1\n", "b.service": "[Unit]\n"}
    assert generated_units("") == {}


def test_the_environment_of_a_container_is_in_its_own_section() -> None:
    text = "[Container]\nEnvironment=OLLAMA_A=1\n[Service]\nEnvironment=OLLAMA_B=2\n"
    found = [[entry.key for entry in declared_environment([UnitFile(f"/e/ollama.{kind}", text)], {}).assignments] for kind in ("container", "service")]
    assert found == [["OLLAMA_A"], ["OLLAMA_B"]]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["--env", "OLLAMA_HOST=::1", "--memory=4g", "localhost/ollama:1"], []),
        (["--memory=2g", "localhost/ollama:1"], ["--memory=2g and without --memory=4g"]),
        (["--memory=4g", "localhost/ollama:0"], ["without localhost/ollama:1"]),
    ],
)
def test_a_container_that_was_created_otherwise_is_told(monkeypatch: pytest.MonkeyPatch, command: list[str], said: list[str]) -> None:
    monkeypatch.setattr(created, "_number", lambda _unit: "1234")
    whole = ["/usr/bin/podman", "run", "--name", "ollama", "--cidfile=/run/ollama.cid", *command]
    found = list(creation_differences(lambda _command: (0, json.dumps(whole), ""), UNIT, MADE, {"t": "/run", "N": "ollama"}))
    assert len(found) == len(said) and all(words in sentence for words, sentence in zip(said, found))


def test_the_dropin_has_a_section_for_the_container_and_one_for_its_service() -> None:
    settled = Settled({"OLLAMA_HOST": "::1"}, (), "continue", (), ())
    place = Place(deployment=QUADLET, container=["Image=localhost/a:1", "Restart=always"])
    lines = dropin_text(settled, place).splitlines()[1:]
    assert lines == ["[Container]", 'Environment="OLLAMA_HOST=::1"', "Image=localhost/a:1", "", "[Service]", "Restart=always", "OOMPolicy=continue"]


def test_images_are_noted_once(tmp_path: pathlib.Path) -> None:
    folder = str(tmp_path / "records/server")
    note_images(["localhost/a:1"], folder)
    note_images(["localhost/b:1", "localhost/a:1"], folder)
    assert noted_images(folder) == ["localhost/a:1", "localhost/b:1"]
    for image in ("localhost/a:1", "localhost/b:1"):
        forget_image(image, folder)
    assert not (tmp_path / "records/server").exists()
