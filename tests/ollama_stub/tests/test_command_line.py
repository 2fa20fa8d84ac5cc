# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that scripts use: create, list, ps, show, rm, stop, cp, --version."""

from __future__ import annotations

import re
import subprocess

import make_gguf
import pytest
from ollama_stub import human, modelfile
from running_stand_in import StandIn


@pytest.fixture
def running(stand_in: StandIn) -> StandIn:
    stand_in.run()
    return stand_in


def ollama(server: StandIn, *arguments: str, status: int = 0) -> str:
    """Standard output of a command that ends with a status, or standard error of one that fails."""
    host, port = server.caller.address
    done = subprocess.run(
        [str(server.program), *arguments],
        env={"OLLAMA_HOST": f"{host}:{port}", "HOME": str(server.home), "PATH": "/usr/bin:/bin"},
        cwd=server.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


def test_model_is_created_shown_copied_and_removed(running: StandIn) -> None:
    make_gguf.make(running.home, "tiny-d")
    recipe = 'FROM ./tiny-d.gguf\nTEMPLATE """{{ .Prompt }}\n"""\nPARAMETER num_ctx 1024\nPARAMETER stop "a b"\nSYSTEM be brief\n'
    (running.home / "Modelfile").write_text(recipe)
    ollama(running, "create", "tiny-d", "-f", "Modelfile")
    assert "FROM " + str(running.home) in ollama(running, "show", "tiny-d", "--modelfile")
    assert re.search(r"num_ctx +1024", ollama(running, "show", "tiny-d", "--parameters"))
    assert ollama(running, "show", "tiny-d", "--system") == "be brief\n"
    assert "completion" in ollama(running, "show", "tiny-d")
    assert ollama(running, "cp", "tiny-d", "ns/other:v1") == "copied 'tiny-d' to 'ns/other:v1'\n"
    assert ollama(running, "rm", "tiny-d", "ns/other:v1") == "deleted 'tiny-d'\ndeleted 'ns/other:v1'\n"
    assert "tiny-d" not in ollama(running, "list")


def test_model_is_created_from_another(running: StandIn) -> None:
    (running.home / "Modelfile").write_text("# comment\nFROM tiny-a\nPARAMETER temperature 0.5\n")
    ollama(running, "create", "warm")
    assert ollama(running, "list", "warm").splitlines()[1].startswith("warm:latest")


def test_tables(running: StandIn) -> None:
    running.generate("tiny-a", keep_alive=-1)
    running.generate("tiny-b", keep_alive="5m")
    running.door.order("hardware", gpu_share=0.5)
    head, first, second = ollama(running, "ps").splitlines()
    assert head.split() == ["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"]
    assert re.fullmatch(r"tiny-a:latest +[0-9a-f]{12} +2\.4 MB +50%/50% CPU/GPU +4096 +Forever *", first)
    assert re.fullmatch(r"tiny-b:latest .* 4096 +4 minutes from now *", second)
    assert len(ollama(running, "list").splitlines()) == 6


def test_stop_and_run(running: StandIn) -> None:
    assert ollama(running, "run", "tiny-a", "w1").strip()
    assert set(running.residents()) == {"tiny-a"}
    ollama(running, "stop", "tiny-a")
    running.wait_for(lambda: not running.residents())


def test_removal_unloads_first(running: StandIn) -> None:
    running.generate("tiny-a", keep_alive=-1)
    ollama(running, "rm", "tiny-a")
    running.wait_for(lambda: not running.residents())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["rm", "nope"], "Error: model 'nope' not found\n"),
        (["show", "nope"], "Error: model 'nope:latest' not found\n"),
        (["stop", "nope"], 'Error: couldn\'t find model "nope" to stop\n'),
        (["create", "x", "-f", "none"], "Error: no Modelfile or safetensors files found\n"),
    ],
)
def test_failure_is_one_line_and_status_1(running: StandIn, arguments: list[str], error: str) -> None:
    assert ollama(running, *arguments, status=1) == error


def test_version(running: StandIn) -> None:
    assert ollama(running, "--version") == "ollama version is 0.32.15\n"


def test_commands_without_a_server(running: StandIn) -> None:
    running.stop()
    assert "could not connect to ollama server" in ollama(running, "list", status=1)
    assert "Warning: could not connect to a running Ollama instance" in ollama(running, "--version")


def test_second_server_on_the_same_address(running: StandIn) -> None:
    assert "bind: address already in use" in ollama(running, "serve", status=1)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "no FROM line"),
        ("FROM a\nPARAMETER heat 1\n", "unknown parameter 'heat'"),
        ("FROM a\nPARAMETER num_ctx many\n", "invalid integer value [many]"),
        ("FROM a\nDANCE now\n", "command must be one of"),
    ],
)
def test_refused_modelfile(text: str, error: str) -> None:
    with pytest.raises(modelfile.ModelfileError) as refused:
        modelfile.parse(text)
    assert str(refused.value).startswith(error)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "Less than a second from now"),
        (-1.5, "1 second ago"),
        (59, "59 seconds from now"),
        (299, "4 minutes from now"),
        (5400, "2 hours from now"),
        (3 * 86400, "3 days from now"),
        (21 * 365 * 86400, "Forever"),
        (20 * 365 * 86400, "20 years from now"),
        (-400 * 86400, "13 months ago"),
    ],
)
def test_relative_time(seconds: float, text: str) -> None:
    assert human.relative_time(seconds) == text
