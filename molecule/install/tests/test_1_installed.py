# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare host has got an Ollama, on both Debian releases."""

from __future__ import annotations

import json
from typing import Any

import pytest

VERSIONS = {"gpu1": "0.32.15", "gpu2": "0.13.5"}


@pytest.fixture
def version(host: Any) -> str:
    """The one that is declared for the host under test."""
    return VERSIONS[host.backend.hostname.rsplit("-", 1)[1]]


def test_the_declared_release_runs(host: Any, version: str) -> None:
    answer = json.loads(host.check_output("curl --fail --silent http://127.0.0.1:11434/api/version"))
    assert answer["version"] == version
    pid = host.check_output("systemctl show --property=MainPID --value ollama.service")
    assert f"/opt/ollama/{version}/bin/ollama" in host.check_output(
        f"tr '\\0' ' ' < /proc/{pid}/cmdline; readlink /proc/{pid}/exe; readlink -f /usr/local/bin/ollama"
    )
    assert host.check_output(f"stat --format=%U /proc/{pid}") == "ollama"


def test_only_the_release_is_left_of_the_installation(host: Any, version: str) -> None:
    assert host.check_output("ls -A /opt/ollama").split() == [version, "current"]
    assert host.file("/opt/ollama/current").linked_to == f"/opt/ollama/{version}"


def test_the_account_may_use_gpus_and_nothing_else(host: Any) -> None:
    user = host.user("ollama")
    assert set(user.groups) == {"ollama", "render", "video"}
    assert (user.shell, user.home) == ("/usr/sbin/nologin", "/var/lib/ollama")


def test_the_server_starts_at_boot(host: Any) -> None:
    assert host.service("ollama.service").is_enabled


def test_a_model_is_stored_where_it_is_declared(host: Any) -> None:
    host.check_output("ollama --version")
    assert host.check_output("stat --format='%U %a' /srv/models") == "ollama 750"


def test_the_server_can_write_its_models_and_little_else(host: Any) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value ollama.service")
    inside = f"nsenter --target {pid} --mount setpriv --reuid=ollama --regid=ollama --init-groups"
    host.check_output(f"{inside} touch /srv/models/written /var/lib/ollama/written")
    host.check_output("install --directory --owner=ollama /srv/elsewhere")
    refused = host.run(f"{inside} touch /srv/elsewhere/written")
    assert refused.rc == 1
    assert "Read-only file system" in refused.stderr


def test_the_gpus_devices_are_not_hidden_from_the_server(host: Any) -> None:
    shown = host.check_output("systemctl show --property=PrivateDevices,DevicePolicy,DeviceAllow ollama.service").split()
    assert set(shown) == {"PrivateDevices=no", "DevicePolicy=auto"}


def test_a_gpu_that_never_comes_is_told_and_does_not_stop_the_server(host: Any) -> None:
    said = host.check_output("journalctl --unit=ollama-gpu-ready.service --output=cat --priority=warning")
    assert "GPU not ready after 1 s: /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0 to /dev/nvidia0 (0 of 1) missing" in said
