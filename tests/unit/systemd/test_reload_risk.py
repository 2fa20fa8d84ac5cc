# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose GPU a daemon-reload would take away, by recorded evidence: no engine with a GPU runs here."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.reload_risk import ReloadRefused, containers_at_risk, reload_warning
from support.legacy_runtime import ALL, CDI, DAEMON, GPUS, container, docker, make_legacy

SERVER = container("ollama", "nvidia", ALL)


def at_risk(root: pathlib.Path, *running: dict[str, Any]) -> list[str]:
    return containers_at_risk(lambda command: docker(command, running), str(root))


@pytest.mark.parametrize(
    ("running", "loses"),
    [
        (SERVER, True),
        (container("ollama", requests=[GPUS]), True),
        (container("ollama", "nvidia", requests=[GPUS]), True),
        (container("ollama", "nvidia"), False),
        (container("ollama", "nvidia", ["NVIDIA_VISIBLE_DEVICES=void"]), False),
        (container("ollama", env=ALL), False),
        (container("ollama", requests=[CDI]), False),
        (container("ollama", "nvidia", ALL, devices=["/dev/nvidia0", "/dev/nvidiactl"]), False),
    ],
)
def test_a_container_with_a_gpu_by_the_legacy_runtime_loses_it(tmp_path: pathlib.Path, running: dict[str, Any], loses: bool) -> None:
    make_legacy(tmp_path)
    assert at_risk(tmp_path, container("web"), running) == (["ollama"] if loses else [])


def test_a_runtime_that_gives_devices_as_cdi_does_is_none_that_loses_them(tmp_path: pathlib.Path) -> None:
    """What `--gpus` gives without that runtime, the hook gives all the same."""
    make_legacy(tmp_path)
    toolkit = tmp_path / "etc/nvidia-container-runtime/config.toml"
    toolkit.parent.mkdir(parents=True)
    toolkit.write_text('[nvidia-container-runtime]\nlog-level = "info"\nmode = "cdi"\n')
    assert at_risk(tmp_path, SERVER, container("other", requests=[GPUS])) == ["other"]
    toolkit.write_text('[nvidia-container-runtime]\nmode = "auto"\n')
    assert at_risk(tmp_path, SERVER) == ["ollama"]


@pytest.mark.parametrize(
    ("daemon", "version_2", "hook"),
    [
        (DAEMON, False, False),
        ({}, True, False),
        ([], True, False),
        ({**DAEMON, "exec-opts": ["native.cgroupdriver=cgroupfs"]}, True, False),
        ({"exec-opts": ["native.cgroupdriver=cgroupfs"]}, True, True),
    ],
)
def test_docker_is_not_asked_where_systemd_takes_nothing(tmp_path: pathlib.Path, daemon: Any, version_2: bool, hook: bool) -> None:
    make_legacy(tmp_path, daemon, version_2)
    if hook:
        _put_hook(tmp_path)
    assert containers_at_risk(_unexpected, str(tmp_path)) == []


def test_a_hook_is_a_legacy_runtime_without_a_name(tmp_path: pathlib.Path) -> None:
    make_legacy(tmp_path, {})
    _put_hook(tmp_path)
    assert at_risk(tmp_path, container("ollama", requests=[GPUS])) == ["ollama"]


@pytest.mark.parametrize("answer", [(127, "", "env: 'docker': No such file or directory"), (1, "", "Cannot connect to the Docker daemon")])
def test_without_an_engine_nothing_is_lost(tmp_path: pathlib.Path, answer: tuple[int, str, str]) -> None:
    make_legacy(tmp_path)
    assert containers_at_risk(lambda _command: answer, str(tmp_path)) == []


def test_a_reload_that_is_not_due_is_neither_refused_nor_warned_of(tmp_path: pathlib.Path) -> None:
    make_legacy(tmp_path)
    assert reload_warning("ollama_server", False, _run, lambda: ["restart a.service"], str(tmp_path)) == ""


def test_one_that_is_due_names_the_container_and_the_remedy(tmp_path: pathlib.Path) -> None:
    make_legacy(tmp_path)
    with pytest.raises(ReloadRefused, match=r"the containers ollama would lose .*nvidia-ctk cdi generate.*ollama_warmup_allow_daemon_reload to true"):
        reload_warning("ollama_warmup", False, _run, lambda: ["daemon-reload"], str(tmp_path))
    assert "may have lost their GPU: ollama." in reload_warning("ollama_warmup", True, _run, lambda: ["daemon-reload"], str(tmp_path))


def _run(command: Sequence[str]) -> tuple[int, str, str]:
    return docker(command, [SERVER])


def _unexpected(command: Sequence[str]) -> tuple[int, str, str]:
    raise AssertionError(command)


def _put_hook(root: pathlib.Path) -> None:
    hook = root / "usr/bin/nvidia-container-runtime-hook"
    hook.parent.mkdir(parents=True)
    hook.touch()
