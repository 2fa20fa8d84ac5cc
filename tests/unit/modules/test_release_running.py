# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release a server runs, by processes that run."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._release_running import runs_another, units_that_run_another

SCRIPT = "#!/bin/sh\necho ready\nread line\n"


@pytest.fixture
def dest(tmp_path: pathlib.Path) -> pathlib.Path:
    """Two releases whose program is a script, the first of them current."""
    for version in ("0.30.0", "0.33.0"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin/ollama").write_text(SCRIPT)
        (tmp_path / version / "bin/ollama").chmod(0o755)
    switch(tmp_path, "0.30.0")
    return tmp_path


def switch(dest: pathlib.Path, version: str) -> None:
    (dest / "new").symlink_to(version)
    os.replace(dest / "new", dest / "current")


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.communicate("\n")


def start(dest: pathlib.Path, started: list[subprocess.Popen[str]]) -> int:
    """Start what is current; it runs when this returns."""
    process = subprocess.Popen([str(dest / "current/bin/ollama")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process.pid


def later_than(pid: int, path: pathlib.Path) -> None:
    """Have the link be changed by more than a clock tick after the process started."""
    while not runs_another(pid, str(path), "0.33.0"):
        switch(path, "0.33.0")


def test_a_script_runs_what_was_current_when_it_started(dest: pathlib.Path, started: list[subprocess.Popen[str]]) -> None:
    pid = start(dest, started)
    assert runs_another(pid, str(dest), "0.30.0") is False
    later_than(pid, dest)
    assert runs_another(pid, str(dest), "0.33.0") is True
    assert runs_another(start(dest, started), str(dest), "0.33.0") is False


def test_a_program_tells_by_its_path(dest: pathlib.Path, started: list[subprocess.Popen[str]]) -> None:
    program = dest / "0.33.0/bin/ollama"
    shutil.copy("/bin/cat", program)
    process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    started.append(process)
    assert runs_another(process.pid, str(dest), "0.30.0") is True
    assert runs_another(process.pid, str(dest), "0.33.0") is False
    program.unlink()
    assert runs_another(process.pid, str(dest), "0.30.0") is True


def test_a_server_that_does_not_run_runs_no_other(dest: pathlib.Path) -> None:
    assert units_that_run_another(lambda _command: (0, "0\n", ""), ["ollama.service"], str(dest), "0.30.0") == []
    assert units_that_run_another(lambda _command: (1, "", "no bus"), ["ollama.service"], str(dest), "0.30.0") == []
