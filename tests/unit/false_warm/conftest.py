# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent and module before a stand-in server with real runner processes, which they see as those of a unit."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from support.agent import Agent
from support.live_fixtures import live, models, program
from support.live_host import LiveHost
from support.views import Views

__all__ = ["Agent", "live", "models", "program", "views"]


@pytest.fixture
def views(live: LiveHost, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Views]:
    made = Views(live, tmp_path / "agent", monkeypatch, capsys)
    yield made
    made.wake_server()
