# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent before a server in memory. `support.agent` comes first: it makes the agent importable."""

from __future__ import annotations

import importlib
import pathlib

import pytest
from support.agent import URL, Agent
from support.fake_server import serving


@pytest.fixture
def agent(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    server = serving(["a", "b", "c"])
    server.url = URL
    made = Agent(tmp_path, server)
    observer = importlib.import_module("keepwarm._residency.server.observer")
    monkeypatch.setattr(observer, "living_runners", lambda _unit, **_where: server.runners())
    monkeypatch.setattr("ollama_warmup.passes.one_pass.OllamaServer", lambda _url, _deadlines: server)
    monkeypatch.setattr("ollama_warmup.passes.one_pass.server_identity", lambda _unit, **_where: made.start)
    monkeypatch.setattr("ollama_warmup.passes.startup_wait.unit_state", lambda _unit: made.unit)
    monkeypatch.setattr("ollama_warmup.service.unit_state", lambda _unit: made.unit)
    monkeypatch.setattr("ollama_warmup.cli.looking.unit_state", lambda _unit: made.unit)
    monkeypatch.setattr("ollama_warmup.cli.looking.import_http_client", lambda _url: None)
    monkeypatch.setattr("ollama_warmup.passes.measuring.unit_environment", lambda _unit: {})
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    return made
