# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket at a server's address is the container's, or another's. Real processes and sockets of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.listening import is_listening

CHILD = "import socket, sys, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


@pytest.fixture
def family() -> Iterator[tuple[int, str]]:
    """A process whose child listens, and where."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        yield parent.pid, f"http://127.0.0.1:{int(parent.stdout.readline())}"
        parent.communicate()


def test_a_process_of_the_container_listens(family: tuple[int, str]) -> None:
    pid, url = family
    assert is_listening(pid, url)
    assert not is_listening(0, url)


def test_another_than_the_container_listens(family: tuple[int, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        assert not is_listening(family[0], url)
        assert is_listening(os.getpid(), url)
