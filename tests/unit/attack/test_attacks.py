# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that mean harm, over real sockets, before all that asks one: each in a process that may take little memory. Whatever a server
sends, what comes of it is over in time and shows nothing but printable text."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import views
from hostile import ANSWERS, DIGEST, FOR_EVER, FORGED, TRICKLES, said
from support.agent import deploy
from support.raw_server import RawServer, answering, head

LONGEST = 1000  # characters of one text that is shown


ENOUGH = 300.0  # seconds that nothing takes, however busy the machine is
SHORT = 0.3  # seconds


def view(name: str, seconds: float, *urls: str) -> list[list[Any]]:
    environment = {"PYTHONPATH": os.pathsep.join([str(pathlib.Path(views.__file__).parent), *sys.path]), "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run([sys.executable, views.__file__, name, str(seconds), *urls], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def texts(found: Any) -> Iterator[str]:
    """All that is shown."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        yield from texts([*found.keys(), *found.values()])
    elif isinstance(found, list):
        for each in found:
            yield from texts(each)


def harmless(found: Any) -> None:
    for text in texts(found):
        assert text.isprintable()
        assert len(text) <= LONGEST


@pytest.mark.parametrize("name", views.VIEWS)
def test_what_a_hostile_server_says_comes_to_a_few_printable_words(name: str) -> None:
    with ExitStack() as stack:
        servers = {attack: stack.enter_context(answering()) for attack in ANSWERS}
        for attack, server in servers.items():
            server.pieces = ANSWERS[attack]()
        found = view(name, ENOUGH, *(server.url for server in servers.values()))
    assert len(found) == len(ANSWERS)
    harmless(found)


@pytest.mark.parametrize("name", ["look", "transfer", "registry", "unit_info", "doctor"])
def test_a_trickle_is_over_with_the_deadline(name: str) -> None:
    """The servers never end: whoever waited for one would not come back."""
    with ExitStack() as stack:
        servers = {attack: stack.enter_context(answering(pause=0.05)) for attack in TRICKLES}
        for attack, server in servers.items():
            server.pieces = TRICKLES[attack]()
        found = view(name, SHORT, *(server.url for server in servers.values()))
    harmless(found)
    for each in found:
        assert any(word in text for text in texts(each) for word in ("was not answered within", "nothing moved", "could not be asked", "did not answer"))


def test_a_pull_whose_lines_forge() -> None:
    lines = [{"status": FORGED, "digest": FORGED, "total": 9, "completed": 1}, {"status": "x" * 50_000}, {"error": FORGED * 50}]
    with answering(head("Connection: close"), *(json.dumps(line).encode() + b"\n" for line in lines)) as server:
        (told,) = view("transfer", ENOUGH, server.url)
    harmless(told)
    assert "says: 0.32.15 <0>event=warm forged=yes?" in told[0]


# The agent


@pytest.fixture
def program(tmp_path: pathlib.Path) -> pathlib.Path:
    for folder in ("etc/ollama-warmup", "var/lib/ollama-warmup/default", "run/ollama-warmup/default"):
        (tmp_path / folder).mkdir(parents=True)
    return deploy(tmp_path / "program")


AGENT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({most}, {most}))
sys.path.insert(0, {program!r})
os.geteuid = lambda: 999
os.environ["JOURNAL_STREAM"] = "1:1"
from ollama_warmup.cli.main import main
sys.exit(main([{word!r}], {root!r}))
"""


def agent(program: pathlib.Path, server: RawServer, word: str) -> subprocess.CompletedProcess[str]:
    root = program.parent
    configuration = {
        "url": server.url,
        "unit": "no-such.service",
        "policy": {"models": ["m"]},
        "deadlines": {"connect": 5, "answer": 60, "load": 60},
        "ready_timeout": 0.01,
    }
    (root / "etc/ollama-warmup/default.json").write_text(json.dumps(configuration))
    code = AGENT.format(most=views.MOST, program=str(program), word=word, root=str(root))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, "MALLOC_ARENA_MAX": "1"})


@pytest.mark.parametrize("attack", ["a version that forges", "an error that forges", "a chunk's length without end"])
def test_the_agent_writes_lines_of_its_own_only_and_remembers_what_it_can_read_back(program: pathlib.Path, attack: str) -> None:
    with answering() as server:
        server.pieces = ANSWERS[attack]()
        for word in ("run", "check", "status"):
            done = agent(program, server, word)
            assert done.returncode in (1, 3), (word, done.stderr)
            harmless(done.stdout.split("\n"))
            harmless(done.stderr.split("\n"))
            assert "Traceback" not in done.stderr and "state_unreadable" not in done.stderr
            assert [line for line in done.stderr.splitlines() if not line.startswith(("<3>event=", "<4>event=", "<5>event=", "ollama-warmup: "))] == []
    assert (program.parent / "var/lib/ollama-warmup/default/state.json").stat().st_size < 100_000


def test_what_describes_a_model_is_cut_before_it_is_remembered(program: pathlib.Path) -> None:
    card = {"general.architecture": FORGED + "x" * 20_000, f"{FORGED}.context_length": 5}
    everything = {
        "version": "0.32.15",
        "models": [{"name": "m:latest", "model": "m:latest", "digest": DIGEST, "expires_at": FOR_EVER, "size": 5, "size_vram": 5, "context_length": 5}],
        "capabilities": ["completion", *(FORGED + str(number) for number in range(150))],
        "modelfile": f"FROM {FORGED}",
        "model_info": card,
    }
    with answering(*said(everything)) as server:
        done = agent(program, server, "run")
    assert done.returncode in (0, 1), done.stderr
    path = program.parent / "var/lib/ollama-warmup/default/state.json"
    state = json.loads(path.read_text())
    assert path.stat().st_size < 100_000
    assert list(state["cards"]) == [DIGEST]
    harmless(state)


# Modules that run as any user's


@pytest.mark.parametrize("module", ["ollama_info", "ollama_warm"])
@pytest.mark.parametrize("attack", ["an error that forges", "a redirect with a body without end", "silence"])
def test_a_module_ends_with_one_sentence(module: str, attack: str, tmp_path: pathlib.Path) -> None:
    options: dict[str, Any] = {"connect_timeout": 1, "answer_timeout": SHORT if attack in TRICKLES else 60}
    options.update({"models": [{"name": "m"}]} if module == "ollama_warm" else {})
    with answering(pause=0.05 if attack in TRICKLES else 0) as server:
        server.pieces = {**ANSWERS, **TRICKLES}[attack]()
        arguments = {"url": server.url, "_ansible_remote_tmp": str(tmp_path), "_ansible_check_mode": module == "ollama_warm", **options}
        found = _run_module(module, arguments)
    difference = found.pop("diff", {})
    harmless([line for text in texts(difference) for line in text.split("\n")])
    harmless(found)


def _run_module(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    code = (
        "import json, resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({views.MOST}, {views.MOST}))\n"
        "from ansible.module_utils import basic\n"
        "basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.argv[1].encode(), 'legacy'\n"
        f"from ansible_collections.keepwarm.ollama.plugins.modules import {module}\n"
        f"{module}.main()\n"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "MALLOC_ARENA_MAX": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps({"ANSIBLE_MODULE_ARGS": arguments})], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    found.pop("invocation", None)
    return found
