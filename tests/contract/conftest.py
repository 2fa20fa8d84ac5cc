# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers and scenarios of the contract tests; see README.md."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Callable, NamedTuple

import pytest
from ollama_contract import recording, registry
from ollama_contract.http_exchange import Caller
from ollama_contract.make_models import install_stand_in, make_models
from ollama_contract.replay import Replay, digests, measure_speed
from ollama_contract.server import ForeignServer, OwnServer

Beside = Callable[[Caller], AbstractContextManager[registry.Renaming]]  # what a scenario needs beside its server


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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One for a server that runs already: tests that load, unload and hang up at the same time would disturb each other."""
    return 1 if config.getoption("--ollama-url") else None


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
        scenario: recording.Scenario = request.getfixturevalue("scenario")
        beside = _registries if scenario.name == recording.WITH_REGISTRY else _nothing
        yield from _on_own(request.getfixturevalue("prepared"), tmp_path, beside)


def _on_own(prepared: Prepared, home: Path, beside: Beside) -> Iterator[Replay]:
    shutil.copytree(prepared.home / "models", home / "models")
    server = OwnServer(prepared.program, home)
    server.start({})
    known = digests(server.caller)
    try:
        with beside(server.caller) as rename:
            server.stop()
            (home / "server.log").unlink()
            yield Replay(server, known, prepared.tokens_per_second, rename)
    finally:
        server.stop()


@contextmanager
def _nothing(_caller: Caller) -> Iterator[registry.Renaming]:
    yield str


@contextmanager
def _registries(caller: Caller) -> Iterator[registry.Renaming]:
    """The recorder's two registries, the one that redirects with `big` in it, which has left the server."""
    with registry.both(registry.Registry()) as (plain, front):
        name = f"127.0.0.1:{front}/library/big:v1"
        caller.send_json("POST", "/api/copy", {"source": "big", "destination": name})
        caller.send_json("POST", "/api/push", {"model": name, "insecure": True, "stream": False})
        for deleted in (name, "big"):
            caller.send_json("DELETE", "/api/delete", {"model": deleted})
        yield registry.renamed({"5999": plain, "5998": front})


def _on_foreign(server: ForeignServer) -> Iterator[Replay]:
    server.require_models()
    speed = measure_speed(server.caller)
    server.empty()
    yield Replay(server, digests(server.caller), speed)
    server.empty()
