# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notifier as a process of its own, with the real Apprise, before addresses that answer, refuse, hang or are none."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ollama_warmup.cli.main import main
from ollama_warmup.events import Event
from ollama_warmup.notify.pending import Pending
from support.agent import PROGRAM, deploy

SECRET = "hunter2secret"
EVENT = Event(4, "drift_detected", {"model": "a:latest", "cause": "evicted"})
DEADLINE = 60  # seconds; only a failing test waits that long
# Anything that a library prints, logs or warns about in the middle of a message, the address included.
CHATTER = f"""
import logging, os, sys, threading, warnings
def chatter(url):
    logging.getLogger("urllib3").warning("%s", url)
    warnings.warn(url)
    print(url); print(url, file=sys.stderr); os.write(2, url.encode())
    thread = threading.Thread(target=lambda: open(url)); thread.start(); thread.join()
class AppriseAsset: pass
class Plugin:
    def __init__(self, url): self.url = url
class Apprise:
    def __init__(self, asset): pass
    @staticmethod
    def instantiate(url, **others): chatter(url); return Plugin(url)
    def add(self, plugin): self.plugin = plugin
    def notify(self, **message): chatter(self.plugin.url); raise ValueError(self.plugin.url)
__version__ = "{SECRET}"
"""


class Endpoint(http.server.ThreadingHTTPServer):
    """Keeps the messages it gets, and answers with `status`."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Receiver)
        self.status = 200
        self.arrived = threading.Event()
        self.messages: list[dict[str, Any]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.server_port}/{SECRET}"


class Receiver(http.server.BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.messages.append(message)
        self.send_response(self.server.status)
        self.end_headers()
        self.server.arrived.set()

    def log_message(self, *dummy: Any) -> None:
        """In silence."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        yield server
        server.shutdown()


class Notifier:
    """The program laid out as on a host, and the folders that systemd gives its unit."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.program = deploy(root / "program")
        for folder in ("var/lib/ollama-warmup/default", "credentials", "state"):
            (root / folder).mkdir(parents=True)
        self.pending = Pending(str(root / "var/lib/ollama-warmup/default/notify"))

    def start(self, *urls: str, environment: bool = True) -> subprocess.Popen[str]:
        (self.root / "credentials/urls").write_text("".join(f"{url}\n" for url in urls))
        code = f"import sys; sys.path.insert(0, {str(self.program)!r}); from ollama_warmup.cli.main import main; sys.exit(main(['notify'], {str(self.root)!r}))"
        folders = {"CREDENTIALS_DIRECTORY": str(self.root / "credentials"), "STATE_DIRECTORY": str(self.root / "state")}
        known = {**os.environ, **(folders if environment else {})}
        return subprocess.Popen([sys.executable, "-I", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=known)

    def run(self, *urls: str, environment: bool = True) -> tuple[int, str]:
        """Until it ends by itself; gives its exit status and all it printed, which never holds the secret."""
        process = self.start(*urls, environment=environment)
        output, error = process.communicate(timeout=DEADLINE)
        assert SECRET not in output + error
        return process.returncode, output + error


@pytest.fixture
def notifier(tmp_path: pathlib.Path) -> Notifier:
    return Notifier(tmp_path)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_all_that_is_pending_is_one_message(notifier: Notifier, endpoint: Endpoint) -> None:
    notifier.pending.append(pathlib.Path(notifier.root).stat().st_mtime, [EVENT])
    notifier.pending.append(pathlib.Path(notifier.root).stat().st_mtime + 1, [Event(5, "recovered", {"model": "a:latest"})])
    assert notifier.run(endpoint.url) == (0, "")
    (message,) = endpoint.messages
    assert message["title"].startswith(f"Ollama on {socket.gethostname()}: left and came back: a:latest (evicted), at ")
    assert [line.split(" UTC ")[1] for line in message["message"].splitlines()] == ["drift detected: a:latest (cause evicted)", "recovered: a:latest"]
    assert (message["type"], notifier.pending.read()) == ("warning", [])


def test_what_comes_a_second_time_is_not_sent_again(notifier: Notifier, endpoint: Endpoint) -> None:
    for at in (1, 2):
        notifier.pending.append(notifier.root.stat().st_mtime + at, [Event(5, "pass", {"result": "warm"})])
        assert notifier.run(endpoint.url) == (0, "")
    assert (len(endpoint.messages), notifier.pending.read()) == (1, [])


def test_a_dead_address_gets_its_message_when_it_is_back_and_holds_up_no_other(notifier: Notifier, endpoint: Endpoint) -> None:
    port = unused_port()
    notifier.pending.append(notifier.root.stat().st_mtime, [EVENT])
    process = notifier.start(f"json://user:{SECRET}@127.0.0.1:{port}/", endpoint.url)
    assert endpoint.arrived.wait(DEADLINE)
    with Endpoint(port) as late:
        output, error = process.communicate(timeout=DEADLINE)
        late.shutdown()
    assert (process.returncode, output, len(late.messages), len(endpoint.messages)) == (0, "", 1, 1)
    said = error.splitlines()
    assert said[0] == 'event=notification_failed url=0 reason="it did not answer, or refused" retry="with growing delay"'
    assert [line.split("failures_before")[0] for line in said[1:]] == ["event=notification_sent url=0 "]


def test_after_a_restart_only_who_did_not_get_it_gets_it(notifier: Notifier, endpoint: Endpoint) -> None:
    with Endpoint() as other:
        other.status = 503
        notifier.pending.append(notifier.root.stat().st_mtime, [EVENT])
        process = notifier.start(endpoint.url, other.url)
        assert process.stderr is not None
        error = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=DEADLINE) == ("", "")
        other.status = 200
        assert notifier.run(endpoint.url, other.url) == (0, "")
        other.shutdown()
    assert (len(endpoint.messages), len(other.messages)) == (1, 1)
    assert error == 'event=notification_failed url=1 reason="it answered HTTP 503" retry="with growing delay"\n'


def test_what_is_older_than_a_day_is_dropped_with_a_line(notifier: Notifier, endpoint: Endpoint) -> None:
    notifier.pending.append(1700000000, [EVENT])
    assert notifier.run(endpoint.url) == (0, 'event=notifications_dropped count=1 reason="they are older than a day"\n')
    assert endpoint.messages == []


def test_an_emptied_list_of_addresses_leaves_nothing_to_start_over(notifier: Notifier) -> None:
    notifier.pending.append(1700000000, [EVENT])
    assert notifier.run() == (0, 'event=notifications_dropped count=1 reason="no address is set"\n')


def test_whatever_a_library_says_is_heard_by_nobody(notifier: Notifier) -> None:
    (notifier.program / "apprise.py").write_text(CHATTER)
    notifier.pending.append(notifier.root.stat().st_mtime, [EVENT])
    process = notifier.start(f"json://{SECRET}/")
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    output, error = process.communicate(timeout=DEADLINE)
    assert (first, output, error) == ('event=notification_failed url=0 reason="Apprise failed (ValueError)" retry="with growing delay"\n', "", "")


def test_an_address_that_apprise_does_not_understand_is_named_by_its_place(notifier: Notifier) -> None:
    notifier.pending.append(notifier.root.stat().st_mtime, [EVENT])
    process = notifier.start(f"nosuch://{SECRET}/")
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=DEADLINE) == ("", "")
    assert first.startswith("event=notification_failed url=0 reason=")
    assert "does not understand it" in first


def test_nobody_else_can_send(notifier: Notifier) -> None:
    assert notifier.run(environment=False) == (
        2,
        "ollama-warmup: only ollama-warmup-notify.service can send, which alone knows where to: systemctl start ollama-warmup-notify.service\n",
    )


def test_folders_that_cannot_be_used_are_named(notifier: Notifier, endpoint: Endpoint) -> None:
    notifier.pending.append(notifier.root.stat().st_mtime, [EVENT])
    shutil.rmtree(notifier.root / "state")
    status, output = notifier.run(endpoint.url)
    assert (status, output) == (1, f'event=notifier_failed path={notifier.root}/state/deliveries.json.new reason="No such file or directory"\n')


@pytest.fixture
def own_state(notifier: Notifier) -> Notifier:
    """The notifier's own folder is where systemd puts it, and notifications are on."""
    (notifier.root / "var/lib/private").mkdir()
    (notifier.root / "state").rename(notifier.root / "var/lib/private/ollama-warmup-notify")
    (notifier.root / "state").symlink_to(notifier.root / "var/lib/private/ollama-warmup-notify")
    (notifier.root / "etc/ollama-warmup").mkdir(parents=True)
    raw = {"url": "http://127.0.0.1:11434", "policy": {"models": ["a"]}, "notify": True}
    (notifier.root / "etc/ollama-warmup/default.json").write_text(json.dumps(raw))
    return notifier


def send_test(notifier: Notifier) -> threading.Thread:
    """As an operator does; the thread ends when the command does."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["notify", "--test"], str(notifier.root))))
    thread.codes = codes  # type: ignore[attr-defined]
    thread.start()
    while not notifier.pending.read():
        pass
    return thread


def test_a_test_that_everybody_got_is_said_to_have_arrived(own_state: Notifier, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    sending = send_test(own_state)
    assert own_state.run(endpoint.url) == (0, "")
    sending.join(DEADLINE)
    assert (sending.codes, capsys.readouterr().out) == ([0], "ollama_warmup_notify_urls[0]: sent\n")  # type: ignore[attr-defined]


def test_the_fate_of_a_test_is_told_for_each_address(own_state: Notifier, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    sending = send_test(own_state)
    process = own_state.start(endpoint.url, f"json://{SECRET}.invalid/", f"nosuch://{SECRET}/")
    sending.join(DEADLINE)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=DEADLINE)
    lines = capsys.readouterr().out.splitlines()
    assert sending.codes == [1]  # type: ignore[attr-defined]
    assert lines[:2] == [
        "ollama_warmup_notify_urls[0]: sent",
        "ollama_warmup_notify_urls[1]: not sent: it did not answer, or refused; it is tried again for a day",
    ]
    assert lines[2].startswith("ollama_warmup_notify_urls[2]: not sent: ")
    assert "does not understand it; it is tried again for a day" in lines[2]
    assert SECRET not in "".join(lines)


def judge(text: str) -> Any:
    source = (PROGRAM / "ollama_warmup/notify/endpoints.py").read_text()
    done = subprocess.run([sys.executable, "-I", "-c", source], check=True, input=text, capture_output=True, text=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_judge_names_places_and_nothing_else() -> None:
    found = judge(f"json://user:{SECRET}@example.org/\nnosuch://{SECRET}\njson://\nmailto://{SECRET}\nslack://{SECRET}/x")
    assert found.pop("apprise")
    assert found == {"refused": [1, 2, 3, 4]}
