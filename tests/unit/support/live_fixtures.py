# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in server: real HTTP, real runner processes, the real clock. A `conftest.py` imports these fixtures."""

from __future__ import annotations

import pathlib
import shutil
import sys
from collections.abc import Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "ollama_stub"))

from running_stand_in import StandIn, install_stand_in, make_store

from .live_host import LiveHost


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The installed bin/ollama."""
    return install_stand_in(tmp_path_factory.mktemp("stub"))


@pytest.fixture(scope="session")
def models(program: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A store with the models of the recordings."""
    return make_store(program, tmp_path_factory.mktemp("home"))


@pytest.fixture
def live(program: pathlib.Path, models: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[LiveHost]:
    """A host whose stand-in is yet to be run, with its own copy of the models."""
    shutil.copytree(models, tmp_path / "models")
    stand_in = StandIn(program, tmp_path)
    yield LiveHost(stand_in, tmp_path / "proc")
    stand_in.stop()
