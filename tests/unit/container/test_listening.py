# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose socket it is that listens at an address, by this machine's own /proc."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.listening import is_listening

LISTENER = "import socket, sys; held = socket.create_server(('127.0.0.1', 0)); print(held.getsockname()[1], flush=True); sys.stdin.read()"


def test_a_process_listens_where_it_or_one_that_it_started_has_the_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        mine = f"http://127.0.0.1:{own.getsockname()[1]}"
        with subprocess.Popen([sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout
            other = f"http://127.0.0.1:{int(child.stdout.readline())}"
            assert is_listening(os.getpid(), mine) and is_listening(os.getpid(), other)
            assert is_listening(child.pid, other) and not is_listening(child.pid, mine)
            child.communicate()
        assert not is_listening(os.getpid(), other)
        assert not is_listening(0, mine)
