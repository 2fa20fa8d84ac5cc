# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load balancers are answered, by each of the programs that read the readiness file: they have one rule."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
from keepwarm._base.layout import invocation_link
from keepwarm._base.readers import InvalidValue
from ollama_warmup.cli.main import main
from ollama_warmup.ready import responder, rule
from ollama_warmup.ready.answers import agent_answer, http_answer
from ollama_warmup.ready.readiness import FORMAT
from ollama_warmup.ready.rule import Answer
from support.agent import PROGRAM, Agent

A = "registry.ollama.ai/library/a:latest"
B = "registry.ollama.ai/library/b:latest"
ONE, TWO = "1" * 32, "2" * 32
NJS = PROGRAM.parents[2] / "ollama_gateway/files/njs"
SCRIPT = PROGRAM.parent / "ready.sh"


def ask(model: str | None) -> Answer:
    return {None: Answer("ready", "resident"), "a": Answer("ready", "resident"), "b/c:1": Answer("cold", "not_loaded")}.get(
        model, Answer("cold", "not_declared")
    )


@pytest.mark.parametrize(
    ("line", "status", "body"),
    [
        ("GET /ready HTTP/1.1", "200 OK", "resident\n"),
        ("GET /ready?from=balancer HTTP/1.0", "200 OK", "resident\n"),
        ("HEAD /ready HTTP/1.1", "200 OK", ""),
        ("GET /ready/ HTTP/1.1", "200 OK", "resident\n"),
        ("GET /ready/a HTTP/1.1", "200 OK", "resident\n"),
        ("GET /ready/b/c:1 HTTP/1.1", "503 Service Unavailable", "not_loaded\n"),
        ("GET /ready/b%2Fc%3A1 HTTP/1.1", "503 Service Unavailable", "not_loaded\n"),
        ("GET /%72eady%2Fa HTTP/1.1", "200 OK", "resident\n"),
        ("GET /ready/%00%ff%zz HTTP/1.1", "503 Service Unavailable", "not_declared\n"),
        ("GET /ready/other HTTP/1.1", "503 Service Unavailable", "not_declared\n"),
        ("POST /ready HTTP/1.1", "405 Method Not Allowed", "method\n"),
        ("GET /readyness HTTP/1.1", "404 Not Found", "no_such_path\n"),
        ("GET /ready", "400 Bad Request", "not_http\n"),
        ("GET /ready HTTP/2.0", "400 Bad Request", "not_http\n"),
        ("\x16\x03\x01", "400 Bad Request", "not_http\n"),
        ("", "400 Bad Request", "not_http\n"),
    ],
)
def test_http_says_it_by_the_status(line: str, status: str, body: str) -> None:
    head, _end, text = http_answer(f"{line}\r\nHost: gpu1\r\n\r\n".encode("latin-1"), ask).decode().partition("\r\n\r\n")
    assert (head.split("\r\n")[0], text) == (f"HTTP/1.1 {status}", body)
    assert "Cache-Control: no-store" in head and "Connection: close" in head


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Answer("ready", "resident"), b"up ready\n"),
        (Answer("hold", "hold"), b"drain\n"),
        (Answer("drain", "drain"), b"drain\n"),
        (Answer("stopped", "stopped"), b"down #stopped\n"),
        (Answer("cold", "not_loaded"), b"down #not_loaded\n"),
    ],
)
def test_haproxy_gets_its_own_words(answer: Answer, line: bytes) -> None:
    assert agent_answer(answer) == line


class Served:
    """A responder at work: HTTP on one port, the agent-check on another."""

    def __init__(self) -> None:
        self.sockets = [socket.create_server(("127.0.0.1", 0)) for _turn in range(2)]
        self.http, self.agent = (one.getsockname()[1] for one in self.sockets)
        self.responder = responder.Responder(self.sockets, self.agent, ask, idle=0.3)
        self.thread = threading.Thread(target=self.responder.serve, daemon=True)
        self.thread.start()

    def say(self, port: int, *parts: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            for part in parts:
                connection.sendall(part)
            return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.thread.join(10)
    for one in made.sockets:
        one.close()


def test_it_answers_each_port_in_its_own_way_and_ends_when_nobody_asks(served: Served) -> None:
    assert served.say(served.http, b"GET /ready/a HT", b"TP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
    assert served.say(served.agent) == b"up ready\n"  # HAProxy sends nothing
    served.thread.join(10)
    assert not served.thread.is_alive()


def test_clients_that_say_nothing_do_not_hold_up_the_others(served: Served) -> None:
    """More than there are places: the oldest loses its own."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", served.http), timeout=10)) for _turn in range(responder.AT_ONCE + 3)]
        assert served.say(served.http, b"HEAD /ready HTTP/1.1\n\n").startswith(b"HTTP/1.1 200")
        assert [one.recv(1) for one in silent[:3]] == [b""] * 3
        assert served.say(served.agent) == b"up ready\n"


def test_a_client_that_speaks_slowly_has_a_deadline_for_all_it_says(served: Served) -> None:
    served.responder._patience = 0.2
    with socket.create_connection(("127.0.0.1", served.http), timeout=10) as slow, pytest.raises(ConnectionError):
        for _turn in range(400):
            slow.sendall(b"G")
            time.sleep(0.02)
    assert served.say(served.http, b"GET /ready HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_head_without_end_is_cut_off(served: Served) -> None:
    assert served.say(served.http, b"GET /ready HTTP/1.1\r\n" + b"x" * 10000).startswith(b"HTTP/1.1 200")


def test_a_body_does_not_cost_a_client_its_answer(served: Served) -> None:
    """A connection that is closed with something unread in it is reset, and what was sent may be lost."""
    with socket.create_connection(("127.0.0.1", served.http), timeout=10) as connection:
        connection.sendall(b"POST /ready HTTP/1.1\r\nContent-Length: 20000\r\n\r\n")
        first = connection.recv(12)
        connection.sendall(b"x" * 20000)
        assert (first + b"".join(iter(lambda: connection.recv(4096), b"")))[:12] == b"HTTP/1.1 405"
        connection.shutdown(socket.SHUT_WR)


def test_a_client_that_never_stops_is_cut_off(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.http), timeout=10) as connection, pytest.raises(ConnectionError):
        for _turn in range(10000):
            connection.sendall(b"x" * 4096)


@pytest.mark.parametrize("environment", [{}, {"LISTEN_FDS": "2", "LISTEN_PID": "1"}, {"LISTEN_FDS": "0", "LISTEN_PID": str(os.getpid())}])
def test_nobody_but_systemd_starts_it(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidValue, match=r"no socket was handed over: ollama-warmup-ready\.socket starts this"):
        responder.inherited(environment)


class Files:
    """One readiness file and one start of the server, as each reader sees them."""

    def __init__(self, agent: Agent) -> None:
        self.agent, self.path = agent, pathlib.Path(agent.instance.readiness)
        self.link = pathlib.Path(invocation_link("ollama.service", agent.instance.root))
        self.link.parent.mkdir(parents=True)
        self.link.symlink_to(ONE)

    def write(self, state: str = "ready resident", ages: str = "", invocation: str = ONE, rows: str = "") -> None:
        ages = ages or self.ages()
        inode = self.link.lstat().st_ino if self.link.is_symlink() and invocation == ONE else 1
        self.path.write_text(f"{FORMAT}\n{state} {ages} ollama.service {invocation} {inode}\n{rows.replace('AGES', ages)}")
        self.path.chmod(0o644)

    def ages(self, until: int = 100, since: int = -10, end: int = 100) -> str:
        boot = int(time.clock_gettime(time.CLOCK_BOOTTIME))
        return f"{int(time.time()) + until} {boot + since} {boot + end}"

    def program(self, model: str | None) -> str:
        return rule.answer(str(self.path), model, self.agent.instance.root).word

    def shell(self, model: str | None) -> str:
        found = subprocess.run(
            ["sh", str(SCRIPT), str(self.path.parent), *([model] if model else [])],
            env={"PATH": os.environ["PATH"], "KEEPWARM_UNITS": str(self.link.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == (0 if found.stdout == "resident\n" else 1)
        assert found.stderr == ""
        return found.stdout.strip()

    def gateway(self, model: str | None) -> str:
        places = {"file": str(self.path), "units": str(self.link.parent)}
        script = f"import r from 'keepwarm_readiness.js'; console.log(r.word({json.dumps(places)}, {json.dumps(model)}))"
        found = subprocess.run(["njs", "-t", "module", "-p", str(NJS), "-c", script], capture_output=True, text=True, check=True)
        return found.stdout.strip()

    def says(self, model: str | None = None) -> str:
        """What all of them say; that they agree is the point."""
        (word,) = {self.program(model), self.shell(model), self.gateway(model)}
        return word


@pytest.fixture
def files(agent: Agent) -> Files:
    return Files(agent)


ROWS = f"yes resident AGES {A} required\nno not_loaded 0 0 0 {B} optional\n"


def test_all_readers_agree_of_a_good_file(files: Files) -> None:
    files.write(rows=ROWS)
    assert [files.says(), files.says(A), files.says(B), files.says("c")] == ["resident", "resident", "not_loaded", "not_declared"]
    files.write("cold not_loaded", rows=ROWS)
    assert [files.says(), files.says(A), files.says(B)] == ["not_loaded", "resident", "not_loaded"]


@pytest.mark.parametrize("state", ["hold hold", "drain drain", "stopped stopped"])
def test_all_readers_agree_of_an_order(files: Files, state: str) -> None:
    files.write(state, rows=ROWS)
    assert [files.says(), files.says(A)] == [state.split(" ")[1]] * 2


def test_all_readers_agree_of_another_start(files: Files) -> None:
    files.write(invocation=TWO, rows=ROWS)
    assert [files.says(), files.says(A)] == ["restarted"] * 2
    files.link.unlink()
    assert [files.says(), files.says(A)] == ["stopped"] * 2


@pytest.mark.parametrize("age", [{"until": -1}, {"end": 0}, {"since": 50}])
def test_all_readers_agree_of_an_age(files: Files, age: dict[str, int]) -> None:
    files.write(ages=files.ages(**age), rows=ROWS)
    assert [files.says(), files.says(A)] == ["stale"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage\n",
        "\x00\x01\xff" * 100,
        f"{FORMAT}\n",
        f"{FORMAT}\nready resident\n",
        f"{FORMAT}\nwarm resident 99999999999 0 99999999999 - - 0\n",
        f"{FORMAT}\nready resident 99999999999 0 99999999999 - - 0",
        f"{FORMAT}\nready resident 9999x999999 0 99999999999 - - 0\n",
        f"{FORMAT}\nready resident 99999999999 0 99999999999 - - 0 more\n",
        f"{FORMAT}\nready resident 9999999999999999 0 9999999999999999 - - 0\n",
        f"{FORMAT}\nready resident  0 99999999999 - - 0\n",
        "keepwarm-ready 2\nready resident 99999999999 0 99999999999 - - 0\n",
    ],
)
def test_all_readers_agree_of_garbage(files: Files, text: str) -> None:
    files.path.write_text(text, encoding="latin-1")
    assert files.says() == "unreadable"


def test_all_readers_agree_of_what_another_user_planted(files: Files) -> None:
    files.write(rows=ROWS)
    os.chown(files.path.parent, 999, 999)
    os.chown(files.path, 12345, 12345)
    assert files.says() == "unreadable"
    os.chown(files.path, 999, 999)
    assert files.says() == "resident"
    for mode in (0o664, 0o646):
        files.path.chmod(mode)
        assert files.says() == "unreadable"
    files.path.chmod(0o644)
    files.path.rename(f"{files.path}.real")
    files.path.symlink_to(f"{files.path}.real")
    assert files.says() == "unreadable"
    files.path.unlink()
    assert files.says() == "unreadable"


def test_in_a_container_the_first_process_is_the_start_of_the_server(files: Files, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proc, boot = tmp_path / "proc", int(time.clock_gettime(time.CLOCK_BOOTTIME))
    (proc / "1").mkdir(parents=True)
    (proc / "uptime").write_text(f"{boot}.50 1.00\n")
    files.write(rows=ROWS)
    found = []
    for started in (boot - 20, boot - 5):  # the proof was made ten seconds ago
        (proc / "1/stat").write_text(f"1 (ollama) serve) S {'0 ' * 18}{started * 100} 0 0\n")
        command = ["sh", str(SCRIPT), str(files.path.parent)]
        environment = {"PATH": os.environ["PATH"], "KEEPWARM_UNITS": str(tmp_path / "none"), "KEEPWARM_PROC": str(proc)}
        found.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout)
    assert found == ["resident\n", "restarted\n"]


def test_the_command_says_it_in_a_word(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    files.write(rows=ROWS)
    files.agent.configure("a", "b")
    root = files.agent.instance.root
    assert [main(words, root=root) for words in (["ready"], ["ready", "A"], ["ready", "b:latest"], ["ready", "a b"])] == [0, 0, 1, 2]
    said = capsys.readouterr()
    assert said.out == "resident\nresident\nnot_loaded\n"
    assert said.err.startswith("ollama-warmup: model name 'a b'")
