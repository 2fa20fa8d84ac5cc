# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server and runners that are real processes which do nothing. Only their control group is made up, in a /proc of links."""

from __future__ import annotations

import os
import pathlib
import select
import signal
import subprocess
import sys
import time

UNIT = "ollama.service"
_CHILD = "import os; print(os.getpid(), flush=True); os.read(0, 1)"
_PARENT = f"""
import subprocess, sys
children = []
for line in sys.stdin:
    command = ["./llama-server", "-c", {_CHILD!r}, "--model", "/m/blobs/sha256-" + line.strip()]
    children.append(subprocess.Popen(command, stdin=subprocess.PIPE))
for child in children:
    child.kill()
    child.wait()
"""


class Machine:
    """Below `folder`; its processes are of that control group. Use it in a `with`: nothing of it outlives that."""

    def __init__(self, folder: pathlib.Path, group: str = f"/system.slice/{UNIT}") -> None:
        self._folder = folder
        self._group = group
        self._proc = folder / "proc"
        (self._proc / "1").mkdir(parents=True)
        (self._proc / "1/cgroup").write_text("0::/init.scope\n")
        for program in ("ollama", "llama-server"):
            (folder / program).symlink_to(sys.executable)
        (folder / "serve").write_text(_PARENT)
        self._servers: list[subprocess.Popen[str]] = []

    @property
    def proc(self) -> str:
        return str(self._proc)

    def start_server(self) -> int:
        """Its process id."""
        server = subprocess.Popen(["./ollama", "serve"], cwd=self._folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._servers.append(server)
        return self._shown(server.pid)

    def start_runner(self, blob: str) -> int:
        """Of the last server; its process id, once it runs."""
        server = self._servers[-1]
        assert server.stdin and server.stdout
        server.stdin.write(blob + "\n")
        server.stdin.flush()
        return self._shown(int(server.stdout.readline()))

    def end_server(self) -> None:
        """And its runners with it."""
        self._servers[-1].communicate()

    def _shown(self, pid: int) -> int:
        """The kernel tells that a program has begun before it shows with which words."""
        while not pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() and not pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z"):
            time.sleep(0.001)
        (self._proc / str(pid)).mkdir()
        (self._proc / str(pid) / "cgroup").write_text(f"0::{self._group}\n")
        for name in ("stat", "cmdline"):
            (self._proc / str(pid) / name).symlink_to(f"/proc/{pid}/{name}")
        return pid

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_error: object) -> None:
        for server in self._servers:
            if server.stdin and not server.stdin.closed:
                server.communicate()


def kill(pid: int) -> None:
    """Returns when the process is no more than an entry that its parent has not reaped."""
    watched = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.poll()
    os.close(watched)
