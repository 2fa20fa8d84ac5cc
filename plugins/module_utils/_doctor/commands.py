# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the host, asked with a deadline and up to a limit: nothing that a broken host does may hold the doctor up."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

_SECONDS = 15.0
_LONGEST_LINE = 64 * 1024  # bytes; journalctl leaves out fields above 4096 of its own accord
_NOT_FOUND = 127


def run(command: Sequence[str], seconds: float = _SECONDS) -> tuple[int, str, str]:
    """Exit status (127: no such program; 124: too slow), standard output and error, whatever bytes they are."""
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, env=_environment())
    except subprocess.TimeoutExpired:
        return 124, "", f"{command[0]} did not end within {seconds:g} s"
    except OSError as error:
        return _NOT_FOUND, "", f"{command[0]}: {error.strerror}"
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "surrogateescape")


def first_lines(command: Sequence[str], most: int, seconds: float = _SECONDS) -> list[bytes]:
    """The first lines that it prints until then, each up to a limit; it is ended after them. Raises C(OSError)."""
    with _started(command, seconds) as output:
        return [line for dummy, line in zip(range(most), iter(lambda: output.readline(_LONGEST_LINE), b""))]


@contextmanager
def _started(command: Sequence[str], seconds: float) -> Iterator[IO[bytes]]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment())
    deadline = threading.Timer(seconds, process.kill)
    deadline.start()
    try:
        if process.stdout is not None:
            yield process.stdout
    finally:
        deadline.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _environment() -> dict[str, str]:
    """In English, and without a pager."""
    return {**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
