# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook in the real ansible-rulebook."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import yaml

TOKEN = "20261130093000"
LONGEST = 300  # seconds until a program counts as hung
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def wait_for(condition: Callable[[], object], what: Callable[[], str]) -> None:
    """Look again and again until it holds; `what` tells why it did not."""
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def post(port: int, path: str, content: Any, **headers: str) -> int:
    """Send it as JSON; the status of the answer."""
    body = json.dumps(content).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json", **headers})
    with DIRECTLY.open(request, timeout=LONGEST) as answer:
        return int(answer.status)


@dataclasses.dataclass
class Rulebook:
    """It runs; `said` is what it and its plays have printed."""

    port: int
    page: pathlib.Path
    output: pathlib.Path

    @property
    def said(self) -> str:
        return COLOURS.sub("", self.output.read_text(encoding="utf-8"))

    @property
    def plays(self) -> int:
        """How many playbooks have ended."""
        return self.said.count("PLAY RECAP")

    def wait_for_plays(self, count: int) -> None:
        """Until so many playbooks have ended."""
        wait_for(lambda: self.plays >= count, lambda: f"no {count} playbooks ended:\n{self.said}")


@contextlib.contextmanager
def running(command: Sequence[str], folder: pathlib.Path) -> Iterator[subprocess.Popen[str]]:
    """A program whose output goes to a file of the folder; it is killed at the end, since ansible-rulebook does not end by itself."""
    with (folder / "output").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def start_rulebook(folder: pathlib.Path, **variables: Any) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    """As docs/event-driven.md shows it, over two hosts that are this machine."""
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"gpu_hosts": {"hosts": {"gpu1": host, "gpu2": host}}}))
    (folder / "variables.yml").write_text(yaml.safe_dump(variables))
    command = ["ansible-rulebook", "--rulebook", "keepwarm.ollama.cold_model", "--inventory", "inventory.yml", "--vars", "variables.yml"]
    return running(command, folder)


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rulebook]:
    """It listens."""
    folder = tmp_path_factory.mktemp("rulebook")
    found = Rulebook(free_port(), folder / "fleet.html", folder / "output")
    with start_rulebook(folder, keepwarm_eda_port=found.port, keepwarm_eda_token=TOKEN, keepwarm_eda_page=str(found.page)) as process:
        wait_for(lambda: process.poll() is not None or listens(found.port), lambda: found.said)
        assert process.poll() is None, found.said
        yield found
