# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's look at a container: by forged /proc trees, and by answers of engines in the form that Docker 26 and Podman 5 give them."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor import container_look
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.container import Mount, Project
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.container_look import look_at_container
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.diagnosis import diagnose
from support.container_cases import NVML, box, contained, wrapped
from support.examinations import healthy, server, unit
from support.proc_tree import UNIT, Proc, listening
from support.values import resident

ID = "1f" * 32
URL = "http://127.0.0.1:11434"
SERVE = ("/bin/ollama", "serve")
CONMON = ("/usr/bin/conmon", "-c", ID)
SHIM = ("/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-id", ID)
INSPECTED = {
    "Name": "/ollama",
    "Image": "sha256:" + "aa" * 32,
    "Config": {
        "Image": "ollama/ollama:latest",
        "Labels": {
            "com.docker.compose.project": "ai",
            "com.docker.compose.service": "ollama",
            "com.docker.compose.project.config_files": "/srv/compose.yaml,/srv/override.yaml",
        },
    },
    "HostConfig": {"Memory": 8589934592},
    "NetworkSettings": {
        "Ports": {
            "11434/tcp": [{"HostIp": "0.0.0.0", "HostPort": "11434"}, {"HostIp": "::", "HostPort": "11434"}, {"HostIp": "127.0.0.1", "HostPort": "11500"}],
            "80/tcp": None,
        }
    },
}
COMPOSED = {"services": {"ollama": {"environment": {"OLLAMA_KEEP_ALIVE": "1h", "OLLAMA_DEBUG": None}}}}


class Engine:
    """Answers to commands, by what they begin with; whatever else is asked for fails."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers

    def __call__(self, command: Sequence[str]) -> tuple[int, str, str]:
        asked = " ".join(command)
        found = next((answer for start, answer in self.answers.items() if asked.startswith(start)), None)
        if isinstance(found, tuple):
            return found
        return (0, json.dumps(found), "") if found is not None else (125, "", "Error: no such container")


@pytest.fixture
def proc(tmp_path: pathlib.Path) -> Proc:
    """Of a host whose container shares its network."""
    made = Proc(tmp_path / "proc")
    made.add(90, 1, SHIM, cgroup="0::/system.slice/containerd.service\n")
    made.add(100, 90, SERVE, cgroup=f"0::/system.slice/docker-{ID}.scope\n")
    for pid in (1, 100):
        made.network(pid, listening(11434, 77))
    made.user(100, 1000)
    made.user(1, 0)
    made.network(100, listening(11434, 77, uid=1000))
    made.network(1, listening(11434, 77, uid=1000))
    (made.root / "100/environ").write_text("OLLAMA_KEEP_ALIVE=5m\0PATH=/bin\0")
    return made


def seen(proc: Proc, answers: Mapping[str, Any]) -> Any:
    return look_at_container(Engine(answers), UNIT, URL, str(proc.root.parent))


def test_a_container_of_dockers_is_told_in_full(proc: Proc) -> None:
    device = proc.root / "100/root/dev/nvidia0"
    device.parent.mkdir(parents=True)
    device.touch()
    found = seen(
        proc,
        {
            f"docker inspect {ID}": [INSPECTED],
            "docker image inspect ollama/ollama:latest": [{"Id": "sha256:" + "bb" * 32}],
            f"docker exec {ID} nvidia-smi": (255, NVML, ""),
            "docker compose --project-name ai --file /srv/compose.yaml --file /srv/override.yaml config": COMPOSED,
        },
    )
    files = ("/srv/compose.yaml", "/srv/override.yaml")
    assert found == box(
        id=ID,
        pid=100,
        environment={"OLLAMA_KEEP_ALIVE": "5m", "PATH": "/bin"},
        tagged="bb" * 32,
        published=("0.0.0.0:11434", "127.0.0.1:11500"),
        memory=8589934592,
        gpus=("/dev/nvidia0",),
        gpu_failure=NVML,
        project=Project("ai", "ollama", files, {"OLLAMA_KEEP_ALIVE": "1h"}),
    )


def test_of_an_engine_that_does_not_tell_what_proc_says_is_known(proc: Proc) -> None:
    """Such as one without root, whose containers root's engine does not know."""
    (proc.root / "90/cmdline").write_bytes(b"\0".join(word.encode() for word in CONMON) + b"\0")
    found = seen(proc, {})
    assert (found.id, found.engine, found.label, found.environment["OLLAMA_KEEP_ALIVE"]) == (ID, "podman", ID[:12], "5m")
    assert (found.image, found.published, found.project) == ("", (), None)


def test_a_server_in_no_container_is_not_looked_at(tmp_path: pathlib.Path) -> None:
    made = Proc(tmp_path / "proc")
    made.add(100, 1, SERVE)
    assert look_at_container(Engine({}), UNIT, URL, str(tmp_path)) is None


def test_a_container_within_a_unit_is_looked_at_without_asking_the_network(proc: Proc) -> None:
    for pid in ("90", "100"):
        (proc.root / pid / "cgroup").write_text(f"0::/system.slice/ollama.service/libpod-payload-{ID}\n")
    assert seen(proc, {}).id == ID


@pytest.mark.parametrize(
    ("uid", "mode", "denied"),
    [(1000, 0o755, ""), (0, 0o755, ""), (1001, 0o777, ""), (1001, 0o755, "it belongs to user 1000, and the server runs as 1001")],
)
def test_a_folder_that_the_server_may_not_write_to(proc: Proc, tmp_path: pathlib.Path, uid: int, mode: int, denied: str) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    os.chown(folder, 1000, 1000)
    folder.chmod(mode)
    mounts = [
        {"Type": "bind", "Source": str(folder), "Destination": "/m", "RW": True},
        {"Type": "bind", "Source": str(tmp_path / "none"), "Destination": "/n", "RW": True},
        {"Type": "bind", "Source": str(folder), "Destination": "/o", "RW": False},
        {"Type": "volume", "Source": "/var/lib/docker/volumes/m/_data", "Destination": "/v", "RW": True},
    ]
    found = list(container_look._mounts({"Mounts": mounts}, frozenset({uid}), "/"))
    assert found == [Mount(str(folder), "/m", denied), Mount(str(tmp_path / "none"), "/n"), Mount(str(folder), "/o")]


@pytest.mark.parametrize(
    ("enforcing", "kind", "foreign"), [("1", "default_t", "default_t"), ("1", "container_file_t", ""), ("0", "default_t", ""), ("1", None, "")]
)
def test_a_label_that_containers_may_not_use(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, enforcing: str, kind: str | None, foreign: str
) -> None:
    """As the kernel gives it: with a NUL at its end."""
    (tmp_path / "sys/fs/selinux").mkdir(parents=True)
    (tmp_path / "sys/fs/selinux/enforce").write_text(enforcing)

    def label(path: str, name: str) -> bytes:
        assert (path, name) == ("/srv/models", "security.selinux")
        if kind is None:
            raise OSError
        return f"system_u:object_r:{kind}:s0\0".encode()

    monkeypatch.setattr(os, "getxattr", label)
    assert container_look._foreign_label("/srv/models", str(tmp_path)) == foreign


def codes(look: Any) -> list[str]:
    return [finding.code for finding in diagnose(look).findings]


def test_a_container_in_order_has_no_finding() -> None:
    assert codes(contained()) == []


def test_a_server_in_a_container_needs_no_unit() -> None:
    missing = unit({"load_state": "not-found", "active_state": "inactive", "main_pid": 0}, process=None)
    assert "unit_missing" in codes(healthy(unit=missing))
    assert codes(healthy(unit=missing, container=box())) == []


def test_what_a_wrapping_unit_sets_and_the_container_lacks_is_named() -> None:
    findings = diagnose(wrapped(container=box(environment={"OLLAMA_KEEP_ALIVE": "45m"}, project=None))).findings
    lacking = [finding for finding in findings if finding.code == "environment_not_in_container"]
    assert [finding.what for finding in lacking] == [
        "ollama.service sets OLLAMA_MAX_LOADED_MODELS, but the server in container ollama does not have it"
    ]
    assert "add --env to the command of ollama.service" in lacking[0].remedy


def test_a_gpu_that_the_host_has_lost_too_is_not_the_containers() -> None:
    lost = contained(gpu_failure=NVML)
    assert "gpu_lost_in_container" in codes(lost)
    assert "gpu_lost_in_container" not in codes(healthy(container=lost.container, driver=type(lost.driver)(**{**vars(lost.driver), "smi_failure": NVML})))


@pytest.mark.parametrize(("gpus", "finds"), [(1, False), (0, True)])
def test_what_a_server_says_to_be_on_a_gpu_counts_as_memory_of_a_host_without_one(gpus: int, finds: bool) -> None:
    """So it says where it cannot read its runner's log: everything is then on a GPU, on whatever host."""
    look = contained(memory=3000)
    models = server(replace(resident("a"), size=4000, size_vram=4000), resident("b"))
    look = replace(look, driver=replace(look.driver, count=gpus), server=models)
    assert ("container_memory_too_small" in codes(look)) == finds
