# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After check mode the host is what it was before."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    "path",
    [
        "/etc/ollama-warmup",
        "/var/lib/ollama-warmup",
        "/usr/local/bin/ollama-warmup",
        "/usr/local/lib/ollama-warmup",
        "/etc/systemd/system/ollama.service.d",
        "/etc/systemd/system/ollama-warmup.service",
        "/etc/systemd/system/ollama-warmup.timer",
    ],
)
def test_nothing_was_written(host: Any, path: str) -> None:
    assert not host.file(path).exists


def test_no_user_was_made(host: Any) -> None:
    assert not host.user("ollama-warmup").exists


def test_no_package_was_installed(host: Any) -> None:
    assert not host.package("python3-requests").is_installed


def test_no_model_was_loaded(resident: Any) -> None:
    assert resident() == {}


def test_the_server_was_not_restarted(host: Any) -> None:
    """Its journal knows of one start."""
    assert host.check_output("journalctl --quiet --unit=ollama.service --output=cat --grep='^Started ollama.service'").count("Started") == 1
