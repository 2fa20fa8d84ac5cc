# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in server for the applications that the documentation shows."""

from __future__ import annotations

import pathlib
import shutil
import sys
from collections.abc import Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "ollama_stub"))

from running_stand_in import StandIn, install_stand_in, make_store


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The installed bin/ollama."""
    return install_stand_in(tmp_path_factory.mktemp("stub"))


@pytest.fixture(scope="session")
def models(program: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A store with the models of the recordings."""
    return make_store(program, tmp_path_factory.mktemp("home"))


@pytest.fixture
def stand_in(program: pathlib.Path, models: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[StandIn]:
    """It runs, with nothing in its memory."""
    shutil.copytree(models, tmp_path / "models")
    server = StandIn(program, tmp_path)
    server.run()
    yield server
    server.stop()
