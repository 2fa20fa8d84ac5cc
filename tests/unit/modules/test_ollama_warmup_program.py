# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program's installation through the module's real entry point, in real folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.filter.source_archive import source_archive
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_warmup_program
from support.ansible_module import Entrance

Install = Callable[..., dict[str, Any]]


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "lib"


@pytest.fixture
def install(dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Install:
    """Installs a program whose only source is the given text."""
    module = Entrance(ollama_warmup_program.main, monkeypatch, capsys, tmp_path)

    def call(text: str = "A = 1\n", **options: Any) -> dict[str, Any]:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "main.py").write_text(text)
        wanted = {"archive": source_archive({"package": str(source)}), "dest": str(dest), "python": sys.executable, **options}
        return module.run(**wanted)

    return call


def test_check_mode_predicts_and_writes_nothing(dest: Path, install: Install) -> None:
    predicted = install(check=True)
    assert (predicted["changed"], dest.exists()) == (True, False)
    happened = install()
    for key in ("changed", "version", "previous", "removed", "diff"):
        assert happened[key] == predicted[key], key


def test_a_program_is_there_compiled_and_readable_by_all(dest: Path, install: Install) -> None:
    version = install()["version"]
    assert os.readlink(dest / "current") == version
    source = dest / "current/package/main.py"
    assert (source.read_text(), source.stat().st_mode & 0o777) == ("A = 1\n", 0o644)
    assert [path.name for path in (dest / "current/package/__pycache__").iterdir()] == [f"main.{sys.implementation.cache_tag}.pyc"]


def test_a_second_run_changes_nothing(dest: Path, install: Install) -> None:
    install()
    before = (dest / "current/package/main.py").stat()
    assert install()["changed"] is False
    assert (dest / "current/package/main.py").stat() == before


@pytest.mark.parametrize("harm", [lambda path: path.write_text("bad"), lambda path: path.unlink(), lambda path: path.with_name("x.py").touch()])
def test_a_version_that_was_tampered_with_is_repaired(dest: Path, install: Install, harm: Callable[[Path], Any]) -> None:
    install()
    harm(dest / "current/package/main.py")
    assert install()["changed"] is True
    assert [(path.name, path.read_text()) for path in (dest / "current/package").glob("*.py")] == [("main.py", "A = 1\n")]
    assert install()["changed"] is False


def test_the_version_before_is_kept_and_older_ones_go(dest: Path, install: Install) -> None:
    versions = [install(text)["version"] for text in ("A = 1\n", "A = 2\n")]
    third = install("A = 3\n")
    assert (third["previous"], third["removed"]) == (versions[1], [versions[0]])
    assert sorted(os.listdir(dest)) == sorted([versions[1], third["version"], "current"])


def test_a_version_that_was_left_half_written_is_written_anew(dest: Path, install: Install) -> None:
    version = install(check=True)["version"]
    (dest / version / "package").mkdir(parents=True)
    (dest / version / "package/half.py").touch()
    assert install()["changed"] is True
    assert sorted(path.name for path in (dest / version / "package").glob("*.py")) == ["main.py"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"archive": "no archive"}, "archive is not what the filter source_archive gives"),
        ({"python": "/nowhere/python"}, "python '/nowhere/python' is no program on this host"),
    ],
)
def test_what_cannot_be_installed_leaves_what_is_there(dest: Path, install: Install, options: dict[str, str], sentence: str) -> None:
    version = install()["version"]
    failed = install("A = 2\n", **options)
    assert failed["failed"] is True
    assert sentence in failed["msg"]
    assert os.readlink(dest / "current") == version


def test_a_program_that_does_not_compile_never_runs(dest: Path, install: Install) -> None:
    assert "cannot compile the program" in install("A = (\n")["msg"]
    assert not (dest / "current").exists()
