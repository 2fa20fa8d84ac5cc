# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`status` in a terminal: a process of its own on a real pty, and what it draws."""

from __future__ import annotations

import contextlib
import fcntl
import http.server
import json
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ollama_warmup import exits
from ollama_warmup.cli import looking
from ollama_warmup.cli.looking import worst_first
from ollama_warmup.cli.main import main
from ollama_warmup.cli.terminal import GREEN, RED, Terminal
from ollama_warmup.instance import Instance
from support.agent import deploy

ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
LONG = "registry.example.org/somebody/a-model-with-a-very-long-name:70b-instruct-q4_K_M"
HEADS = ("MODEL", "POLICY", "STATE", "UNTIL", "PROCESSOR", "CONTEXT", "DRIFT")
ROW = [LONG, "warm (optional)", "not resident", "in 4 minutes", "25%/75% CPU/GPU", "4096", "not_loaded, context_mismatch"]


class EmptyOllama(http.server.BaseHTTPRequestHandler):
    """Has nothing in memory, and the models that it is told to have on its disk."""

    installed: tuple[str, ...] = ()

    def do_GET(self) -> None:
        models = [{"name": name, "model": name, "digest": "a" * 64, "size": 1} for name in (() if self.path == "/api/ps" else self.installed)]
        body = json.dumps({"models": models, "version": "0.32.15"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Not into the test's output."""


@pytest.fixture
def root(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A host with two declared models, before a server that has nothing."""
    EmptyOllama.installed = ()
    for folder in ("etc/ollama-warmup", "var/lib/ollama-warmup/default", "run/ollama-warmup/default"):
        (tmp_path / folder).mkdir(parents=True)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), EmptyOllama) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        raw = {"url": f"http://127.0.0.1:{server.server_port}", "unit": "no-such.service", "policy": {"models": ["m", LONG]}}
        (tmp_path / "etc/ollama-warmup/default.json").write_text(json.dumps(raw))
        yield tmp_path
        server.shutdown()


class Session:
    """The program with a pty for its terminal."""

    def __init__(self, root: pathlib.Path, *words: str, columns: int = 80, lines: int = 24, **environment: str) -> None:
        program = deploy(root / "program")
        code = "import fcntl, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal"
        code += "\nsignal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background of a shell, which ignores it"
        code += f"\nsys.path.insert(0, {str(program)!r})\nfrom ollama_warmup.cli.main import main\nsys.exit(main({list(words)!r}, {str(root)!r}))"
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        variables = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
        self.process = subprocess.Popen([sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True)
        os.close(slave)
        self.shown = ""

    def read_until(self, words: str, times: int = 1) -> str:
        """All that was written so far, as soon as the words stand in it so often."""
        end = time.monotonic() + 60
        while self.shown.count(words) < times:
            assert time.monotonic() < end, self.shown
            if select.select([self._master], [], [], 1)[0]:
                self.shown += os.read(self._master, 65536).decode()
        return self.shown

    def end(self, keys: str = "") -> int:
        """Press keys, read the rest; gives the exit status."""
        os.write(self._master, keys.encode())
        end = time.monotonic() + 60
        with contextlib.suppress(OSError):  # how a pty says that the other end is closed
            while True:
                assert time.monotonic() < end, self.shown
                if select.select([self._master], [], [], 1)[0]:
                    self.shown += os.read(self._master, 65536).decode()
        os.close(self._master)
        return self.process.wait(60)


def plain(text: str) -> list[str]:
    return ESCAPE.sub("", text).replace("\r", "").splitlines()


def test_states_have_colours_beside_their_words(root: pathlib.Path) -> None:
    session = Session(root, "status", columns=200)
    assert session.end() == exits.NOT_RESIDENT
    assert "\x1b[31mnot resident\x1b[0m" in session.shown
    assert "\x1b[31mnot warm\x1b[0m: m is not installed" in session.shown


@pytest.mark.parametrize(("words", "environment"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})])
def test_colours_can_be_refused(root: pathlib.Path, words: list[str], environment: dict[str, str]) -> None:
    session = Session(root, "status", *words, **environment)
    session.end()
    assert "not resident" in session.shown
    assert "\x1b" not in session.shown


@pytest.mark.parametrize("columns", [60, 80, 132])
def test_no_line_is_wider_than_the_terminal(root: pathlib.Path, columns: int) -> None:
    session = Session(root, "status", columns=columns)
    session.end()
    lines = plain(session.shown)
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("registry.example.org") for line in lines)


def test_what_is_no_terminal_gets_neither_colours_nor_breaks(root: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status"], root=str(root))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert f"\n{LONG}  pin" in said


def test_watching_draws_anew_in_place_until_ctrl_c(root: pathlib.Path) -> None:
    session = Session(root, "status", "--watch", "0.5")
    session.read_until("m is not installed")
    EmptyOllama.installed = ("m:latest", LONG)
    session.read_until("m is not in memory")
    assert session.end("\x03") == exits.NOT_RESIDENT
    drawings = session.shown.split("\x1b[H")
    assert len(drawings) > 2
    assert all("every 0.5 s" in drawing for drawing in drawings[1:-1])
    assert "Traceback" not in session.shown
    assert session.shown.endswith("\n")


def test_a_small_window_shows_the_beginning_and_says_how_much_is_hidden(root: pathlib.Path) -> None:
    session = Session(root, "status", "--watch", "0.5", lines=8)
    session.read_until("more lines; Ctrl-C ends it", times=2)
    session.end("\x03")
    assert len(session.shown.split("\x1b[H")[1].splitlines()) <= 8


def test_watching_shows_what_is_wrong_with_the_configuration(root: pathlib.Path) -> None:
    (root / "etc/ollama-warmup/default.json").write_text("{}")
    session = Session(root, "status", "--watch", "0.5")
    session.read_until("is not the address of an HTTP server")
    assert session.end("\x03") == exits.BAD_CONFIGURATION
    assert "Traceback" not in session.shown


def test_only_a_terminal_can_be_watched(root: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--watch"], root=str(root)) == exits.BAD_CONFIGURATION
    assert "--watch draws on a terminal" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--watch", "0"], ["--watch", "soon"], ["--watch", "--json"]])
def test_what_cannot_be_watched_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["status", *words])


@pytest.mark.parametrize("columns", range(40, 140, 7))
def test_a_table_keeps_the_name_and_the_state_however_narrow_it_is(columns: int) -> None:
    head, line = Terminal(columns).table(HEADS, [ROW], [None], "STATE")
    assert max(len(head), len(line)) <= max(columns, 50)
    assert ("registry." in line, "not resident" in line) == (True, True)


def test_a_wide_table_keeps_everything_and_paints_the_state_alone() -> None:
    terminal = Terminal(300, 24, colours=True)
    _head, first, second = terminal.table(HEADS, [ROW, ["resident", "pin", "resident", *ROW[3:]]], [RED, GREEN], "STATE")
    assert all(cell in first for cell in ROW)
    assert re.findall(r"\x1b\[(\d+)m([^\x1b]+)\x1b\[0m", first + second) == [(RED, "not resident"), (GREEN, "resident")]


def test_the_worst_server_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {"one": exits.WARM, "two": exits.ON_HOLD, "three": exits.NOT_RESIDENT, "four": exits.UNREACHABLE}
    instances = [Instance(name) for name in codes]
    seen: Callable[[Instance], dict[str, Any]] = lambda instance: {"exit": codes[instance.name]}  # noqa: E731
    assert [instance.name for instance in worst_first(instances, seen)] == ["four", "three", "two", "one"]
    assert looking.worst_first(instances[:1], lambda _instance: pytest.fail("it is alone")) == instances[:1]
