# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's program in real folders: named by its content, switched in one step."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.program import Program, ProgramError, unpack
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._source_archive import source_archive

Make = Callable[..., Program]


def run(command: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "lib"


@pytest.fixture
def program(dest: Path, tmp_path: Path) -> Make:
    """A program whose only source is the given text."""

    def call(text: str = "A = 1\n") -> Program:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "main.py").write_text(text)
        return Program(unpack(source_archive({"package": str(source)})), str(dest), sys.executable)

    return call


def install(program: Program) -> str:
    assert not program.is_installed()
    program.install(run)
    assert program.is_installed()
    return program.version


def test_a_program_is_there_compiled_and_readable_by_all(dest: Path, program: Make) -> None:
    version = install(program())
    assert os.readlink(dest / "current") == version
    source = dest / "current/package/main.py"
    assert (source.read_text(), source.stat().st_mode & 0o777) == ("A = 1\n", 0o644)
    assert [path.name for path in (dest / "current/package/__pycache__").iterdir()] == [f"main.{sys.implementation.cache_tag}.pyc"]


@pytest.mark.parametrize("harm", [lambda path: path.write_text("bad"), lambda path: path.unlink(), lambda path: path.with_name("x.py").touch()])
def test_a_version_that_was_tampered_with_is_repaired(dest: Path, program: Make, harm: Callable[[Path], Any]) -> None:
    install(program())
    harm(dest / "current/package/main.py")
    install(program())
    assert [(path.name, path.read_text()) for path in (dest / "current/package").glob("*.py")] == [("main.py", "A = 1\n")]


def test_the_version_before_is_kept_and_older_ones_go(dest: Path, program: Make) -> None:
    dummy, second, third = [install(program(text)) for text in ("A = 1\n", "A = 2\n", "A = 3\n")]
    assert sorted(os.listdir(dest)) == sorted([second, third, "current"])


def test_a_version_that_was_left_half_written_is_written_anew(dest: Path, program: Make) -> None:
    version = program().version
    (dest / version / "package").mkdir(parents=True)
    (dest / version / "package/half.py").touch()
    install(program())
    assert sorted(path.name for path in (dest / version / "package").glob("*.py")) == ["main.py"]


def test_what_is_no_archive_is_one_sentence() -> None:
    with pytest.raises(ProgramError, match=r"^archive is not what the filter agent_files gives"):
        unpack("no archive")


def test_a_program_that_does_not_compile_never_runs(dest: Path, program: Make) -> None:
    version = install(program())
    with pytest.raises(ProgramError, match="cannot compile the program"):
        program("A = (\n").install(run)
    assert os.readlink(dest / "current") == version


def test_an_interpreter_that_is_not_there_is_one_sentence(dest: Path, program: Make) -> None:
    made = program()
    with pytest.raises(ProgramError, match=r"^/nowhere/python is no program on this host"):
        Program(made.files, str(dest), "/nowhere/python").install(run)
    assert not dest.exists()
