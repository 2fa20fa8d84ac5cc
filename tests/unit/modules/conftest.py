# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted server, and a host whose processes and GPUs are what the test says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base import scratch
from support.scripted_http import ScriptedServer, scripted


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted() as listener:
        yield listener


@pytest.fixture(autouse=True)
def _scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not this machine's own."""
    monkeypatch.setattr(scratch, "SCRATCH", str(tmp_path_factory.mktemp("scratch")))
