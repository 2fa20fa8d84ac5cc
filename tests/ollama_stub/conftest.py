# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the stand-in's own tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_stand_in import StandIn, install_stand_in, make_store


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed bin/ollama."""
    return install_stand_in(tmp_path_factory.mktemp("stub"))


@pytest.fixture(scope="session")
def models(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the models of the recordings."""
    return make_store(program, tmp_path_factory.mktemp("home"))


@pytest.fixture
def stand_in(program: Path, models: Path, tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in that is yet to be run, with its own copy of the models."""
    shutil.copytree(models, tmp_path / "models")
    server = StandIn(program, tmp_path)
    yield server
    server.stop()
