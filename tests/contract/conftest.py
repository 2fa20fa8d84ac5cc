# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers and scenarios of the contract tests; see README.md."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from ollama_contract import recording
from ollama_contract.make_models import install_stand_in, make_models
from ollama_contract.replay import Replay, digests, measure_speed
from ollama_contract.server import ForeignServer, OwnServer


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract")
    group.addoption(
        "--ollama-url",
        default=os.environ.get("OLLAMA_CONTRACT_URL", ""),
        help="ask this running server; only scenarios that need no start, kill or environment are collected",
    )
    group.addoption(
        "--ollama-prefix",
        default=os.environ.get("OLLAMA_PREFIX", ""),
        help="start the server of this prefix (bin/ollama) instead of the stand-in",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        recorded = recording.load(recording.LINE)
        url = metafunc.config.getoption("--ollama-url")
        scenarios = list(recorded.of_any_server() if url else recorded.of_own_servers())
        metafunc.parametrize("scenario", scenarios, ids=[each.name for each in scenarios])


class Prepared(NamedTuple):
    """A store that has the models, and how fast `big` answers."""

    program: Path
    home: Path
    tokens_per_second: float


@pytest.fixture(scope="session")
def prepared(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The program to start, and a home with the models in it, made once."""
    prefix = pytestconfig.getoption("--ollama-prefix")
    program = Path(prefix) / "bin" / "ollama" if prefix else install_stand_in(tmp_path_factory.mktemp("stub"))
    home = tmp_path_factory.mktemp("home")
    server = OwnServer(program, home)
    try:
        server.start({})
        make_models(server.caller, whole=bool(prefix))
        speed = measure_speed(server.caller)
    finally:
        server.stop()
    return Prepared(program, home, speed)


@pytest.fixture
def replay(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Replay]:
    """A replay on a server of its own, or on the one that was named."""
    url = request.config.getoption("--ollama-url")
    if url:
        yield from _on_foreign(ForeignServer(url))
    else:
        yield from _on_own(request.getfixturevalue("prepared"), tmp_path)


def _on_own(prepared: Prepared, home: Path) -> Iterator[Replay]:
    shutil.copytree(prepared.home / "models", home / "models")
    server = OwnServer(prepared.program, home)
    server.start({})
    known = digests(server.caller)
    server.stop()
    (home / "server.log").unlink()
    try:
        yield Replay(server, known, prepared.tokens_per_second)
    finally:
        server.stop()


def _on_foreign(server: ForeignServer) -> Iterator[Replay]:
    server.require_models()
    speed = measure_speed(server.caller)
    server.empty()
    yield Replay(server, digests(server.caller), speed)
    server.empty()
