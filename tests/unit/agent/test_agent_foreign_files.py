# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service user may put whatever he likes into his folders: root's commands are led nowhere by it, and wait for nothing."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest
from support.agent import deploy

COMMANDS = [["wait", "--timeout", "0.1"], ["status"], ["check"], ["release"], ["hold", "1m"], ["condition"], ["notify", "--test"], ["run"]]
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    for folder in ("etc/ollama-warmup", "var/lib/ollama-warmup/default", "run/ollama-warmup/default", "var/cache/ollama-warmup/default", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    metrics = {"textfile_directory": "/srv", "period": 9, "longest_pass": 9}
    raw = {"url": "http://127.0.0.1:9", "unit": "no-such.service", "policy": {"models": ["m"]}, "notify": True, "metrics": metrics}
    (tmp_path / "etc/ollama-warmup/default.json").write_text(json.dumps(raw))
    (tmp_path / "bin/systemctl").write_text("#!/bin/sh\n")  # which tells nothing, and starts nothing
    (tmp_path / "bin/systemctl").chmod(0o755)
    return tmp_path


@pytest.fixture
def call(tmp_path: pathlib.Path, root: pathlib.Path) -> Call:
    """One command, as root, in a process that ends within a minute, or the test fails."""
    program = deploy(tmp_path / "program")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        code = f"import sys; sys.path.insert(0, {str(program)!r}); from ollama_warmup.cli.main import main; sys.exit(main({list(words)!r}, {str(root)!r}))"
        environment = {**os.environ, "PATH": f"{root}/bin:/usr/bin:/bin"}
        return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60, env=environment)

    return run


def places(root: pathlib.Path) -> list[pathlib.Path]:
    """Whatever a command may touch in the folders of the service user."""
    runtime, state = root / "run/ollama-warmup/default", root / "var/lib/ollama-warmup/default"
    names = [runtime / name for name in ("wake", "by_hand", "restart", "warm", "watch")]
    names += [state / name for name in ("state.json", "measurements.json", "lock", "state.json.new", "notify")]
    return [*names, root / "var/cache/ollama-warmup/default/metrics.prom", root / "var/cache/ollama-warmup/default/metrics.prom.new"]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_no_link_is_followed(root: pathlib.Path, call: Call, words: list[str]) -> None:
    (root / "secret").mkdir()
    for place in places(root):
        target = root / "secret" / place.name
        target.write_text("root's own")
        place.symlink_to(target)
    nowhere = [place for place in places(root) if place.name in ("wake", "by_hand", "restart")]
    for place in nowhere:
        (root / "secret" / place.name).unlink()
    assert "Traceback" not in call(*words).stderr
    left = {path.name: path.read_text() for path in (root / "secret").iterdir()}
    assert left == {place.name: "root's own" for place in places(root) if place not in nowhere}


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_no_pipe_is_waited_for(root: pathlib.Path, call: Call, words: list[str]) -> None:
    for place in places(root):
        os.mkfifo(place)
    assert "Traceback" not in call(*words).stderr


def test_a_state_that_is_no_file_is_told(root: pathlib.Path, call: Call) -> None:
    os.mkfifo(root / "var/lib/ollama-warmup/default/state.json")
    done = call("status", "--json")
    seen = json.loads(done.stdout)
    assert (done.returncode, seen["last_pass"]) == (3, None)
    assert seen["state_problem"].endswith("state.json cannot be read: it is no regular file")
    assert "it is no regular file" in call("check").stderr
