# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers to replay on: one that the tests start, and one that is already there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from .http_exchange import Caller
from .recording import MODELS

_LISTENING = re.compile(r"Listening on (\S+) \(version")
_START_SECONDS = 30.0


class OwnServer:
    """`PREFIX/bin/ollama serve` in a home and a store of its own, on a port that it chose."""

    def __init__(self, program: Path, home: Path) -> None:
        self._program = program
        self._home = home
        self._environment: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._log_path = home / "server.log"
        self._read_up_to = 0
        self.caller = Caller("http://127.0.0.1:9")

    def start(self, environment: dict[str, str]) -> None:
        """Start it with nothing but ENVIRONMENT, its address, its store, and the cloud disabled."""
        self._environment = environment
        self._read_up_to = self._log_path.stat().st_size if self._log_path.exists() else 0
        base = {
            "HOME": str(self._home),
            "OLLAMA_HOST": "127.0.0.1:0",
            "OLLAMA_MODELS": str(self._home / "models"),
            "OLLAMA_NO_CLOUD": "1",
            "PATH": os.environ["PATH"],
        }
        with open(self._log_path, "ab") as log, open(self._home / "access.log", "ab") as access:
            self._process = subprocess.Popen(
                [str(self._program), "serve"],
                env={**base, **environment},
                stdin=subprocess.DEVNULL,
                stdout=access,
                stderr=log,
            )
        self.caller = Caller(f"http://{self._wait_for_address()}")
        self._wait_for_answer()

    def _wait_for_address(self) -> str:
        """The address is in the log, as the server chose the port: no two tests can collide."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with open(self._log_path, encoding="utf-8") as log:
                log.seek(self._read_up_to)
                found = _LISTENING.search(log.read())
            if found:
                return found.group(1)
            time.sleep(0.02)
        raise RuntimeError(f"{self._program} does not listen: {self._log_path.read_text()}")

    def _wait_for_answer(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                self.caller.send_json("GET", "/api/version")
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self._program} listens but does not answer")

    def restart(self) -> None:
        self.stop()
        self.start(self._environment)

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=30)
            self._process = None

    def log_lines(self) -> list[str]:
        return self._log_path.read_text(encoding="utf-8").splitlines()

    def runners(self) -> list[int]:
        """Process ids of the living runners: children with a model on their command line."""
        return [pid for pid in self._children() if _is_runner(pid)]

    def kill_runners(self) -> int:
        """SIGKILL to every runner; how many there were."""
        found = self.runners()
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        for pid in found:
            _wait_for_end(pid)
        return len(found)

    def _children(self) -> list[int]:
        if not self._process:
            return []
        children = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            state = _state(int(path.parent.name))
            if state and state[1] == self._process.pid and state[0] not in "ZX":
                children.append(int(path.parent.name))
        return children


def _state(pid: int) -> tuple[str, int] | None:
    """State letter and parent of a process, or None."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    letter, parent = stat.rpartition(")")[2].split()[:2]
    return letter, int(parent)


def _is_runner(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"--model" in words


def _wait_for_end(pid: int) -> None:
    """Until a killed process has ended, if only as a zombie."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        state = _state(pid)
        if not state or state[0] in "ZX":
            return
        time.sleep(0.01)
    raise RuntimeError(f"process {pid} does not end")


class ForeignServer:
    """A server that runs already; it is left with nothing loaded, as it is found."""

    def __init__(self, url: str) -> None:
        self.caller = Caller(url)

    def require_models(self) -> None:
        """Raises RuntimeError if the models of the recordings are not all there."""
        present = {model["name"] for model in self.caller.send_json("GET", "/api/tags")["models"]}
        missing = [name for name in MODELS if f"{name}:latest" not in present]
        if missing:
            raise RuntimeError(
                f"the server has no {', '.join(missing)}: make them with python3 -m ollama_contract.make_models URL"
            )

    def empty(self) -> None:
        """Unload everything, and wait until it is gone."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            resident = self.caller.send_json("GET", "/api/ps")["models"]
            if not resident:
                return
            # a deleted name may be resident still: its runner goes by another name of the same weights
            for name in {model["name"] for model in resident} | set(MODELS):
                body = json.dumps({"model": name, "keep_alive": 0}).encode()
                self.caller.send("POST", "/api/generate", body)
            time.sleep(0.2)
        raise RuntimeError("the server does not unload its models")
