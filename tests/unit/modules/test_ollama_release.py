# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases through the module's real entry point: real archives, a real tar, a program that runs."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_release
from support.ansible_module import Entrance

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "opt"


@pytest.fixture
def call(dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the module for a version."""
    module = Entrance(ollama_release.main, monkeypatch, capsys, tmp_path)
    return lambda version, **options: module.run(version=version, **{"dest": str(dest), **options})


def archive(folder: Path, version: str, program: str | None = None, name: str = "ollama-linux-amd64.tgz") -> dict[str, str]:
    """An archive of a release whose program tells its version."""
    content = folder / f"content-{version}"
    (content / "bin").mkdir(parents=True, exist_ok=True)
    path = content / "bin/ollama"
    path.write_text(program or f"#!/bin/sh\necho Warning: client version is {version}\n")
    path.chmod(0o755)
    packed = folder / version / name
    packed.parent.mkdir(exist_ok=True)
    subprocess.run(["tar", "-czf", packed, "-C", content, "."], check=True)
    return {"path": str(packed), "sha256": hashlib.sha256(packed.read_bytes()).hexdigest()}


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []


def test_check_mode_predicts_and_writes_nothing(dest: Path, call: Call, tmp_path: Path) -> None:
    wanted = {"archives": [archive(tmp_path, "0.30.0")], "state": "current"}
    predicted = call("0.30.0", check=True, **wanted)
    assert (predicted["changed"], dest.exists()) == (True, False)
    happened = call("0.30.0", **wanted)
    for key in ("changed", "current", "previous", "installed", "removed", "diff"):
        assert happened[key] == predicted[key], key


def test_a_staged_release_changes_nothing_that_runs(dest: Path, call: Call, tmp_path: Path) -> None:
    result = call("0.30.0", archives=[archive(tmp_path, "0.30.0")])
    assert (result["changed"], result["current"], result["installed"]) == (True, None, ["0.30.0"])
    assert tree(dest) == ["0.30.0", "0.30.0/bin", "0.30.0/bin/ollama", "0.30.0/release.json"]
    assert call("0.30.0")["changed"] is False


def test_a_switch_there_and_back(dest: Path, call: Call, tmp_path: Path) -> None:
    for version in ("0.30.0", "0.32.15"):
        call(version, archives=[archive(tmp_path, version)], state="current")
    assert os.readlink(dest / "current") == "0.32.15"
    assert call("0.32.15", state="current")["changed"] is False
    back = call("0.30.0", state="current")
    assert (back["previous"], back["current"], os.readlink(dest / "current")) == ("0.32.15", "0.30.0", "0.30.0")
    assert back["installed"] == ["0.30.0", "0.32.15"]


def test_older_releases_go_but_never_the_previous_one(call: Call, tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.32.15"):
        result = call(version, archives=[archive(tmp_path, version)], state="current")
    assert (result["removed"], result["installed"]) == (["0.9.0"], ["0.10.0", "0.32.15"])


def test_a_switch_need_not_remove_older_releases(call: Call, tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.32.15"):
        result = call(version, archives=[archive(tmp_path, version)], state="current", prune=False)
    assert (result["removed"], result["installed"]) == ([], ["0.10.0", "0.32.15", "0.9.0"])


@pytest.mark.parametrize(
    ("keep", "before", "removed"),
    [(1, "0.10.0", ["0.9.0", "0.11.0"]), (2, "0.10.0", ["0.9.0"]), (1, None, ["0.9.0", "0.10.0"]), (1, "0.8.0", ["0.9.0", "0.10.0"]), (9, None, [])],
)
def test_older_releases_go_once_the_new_one_has_proven_itself(call: Call, tmp_path: Path, keep: int, before: str | None, removed: list[str]) -> None:
    for version in ("0.9.0", "0.10.0", "0.11.0", "0.32.15"):
        call(version, archives=[archive(tmp_path, version)], state="current", prune=False)
    wanted = {"state": "pruned", "keep": keep, "before": before}
    predicted = call("0.32.15", check=True, **wanted)
    assert (predicted["removed"], predicted["changed"]) == (removed, bool(removed))
    assert call("0.32.15", **wanted)["removed"] == removed
    assert call("0.32.15", **wanted)["changed"] is False


def test_what_is_current_stays_whatever_is_pruned(call: Call, tmp_path: Path) -> None:
    for version in ("0.32.15", "0.9.0"):
        call(version, archives=[archive(tmp_path, version)], state="current", prune=False)
    assert call("0.33.0", state="pruned")["installed"] == ["0.9.0"]


def test_what_an_interrupted_run_left_is_no_release_and_is_replaced(dest: Path, call: Call, tmp_path: Path) -> None:
    wanted = archive(tmp_path, "0.30.0")
    (dest / ".incoming-0.30.0/bin").mkdir(parents=True)
    (dest / "0.30.0/bin").mkdir(parents=True)  # unpacked by hand, and not whole
    assert call("0.30.0", archives=[wanted])["installed"] == ["0.30.0"]
    assert [path.name for path in dest.iterdir()] == ["0.30.0"]


def truncated(wanted: dict[str, str]) -> dict[str, str]:
    path = Path(wanted["path"])
    path.write_bytes(path.read_bytes()[:100])
    return {**wanted, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_a_truncated_archive_leaves_nothing(dest: Path, call: Call, tmp_path: Path) -> None:
    result = call("0.30.0", archives=[truncated(archive(tmp_path, "0.30.0"))])
    assert "ollama-linux-amd64.tgz cannot be unpacked: " in result["msg"]
    assert tree(dest) == []


def test_a_wrong_checksum_is_named(dest: Path, call: Call, tmp_path: Path) -> None:
    wanted = archive(tmp_path, "0.30.0")
    result = call("0.30.0", archives=[{**wanted, "sha256": "0" * 64}])
    assert result["msg"] == f"{wanted['path']} has the checksum {wanted['sha256']} instead of {'0' * 64}: it is damaged, or another file"
    assert tree(dest) == []


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("#!/bin/sh\necho client version is 0.1.0\n", "client version is 0.1.0"),
        ("#!/bin/sh\nexit 3\n", "exit 3"),
        ("#!/nowhere\n", "No such file"),
    ],
)
def test_a_program_that_does_not_run_is_not_installed(dest: Path, call: Call, tmp_path: Path, program: str, reason: str) -> None:
    result = call("0.30.0", archives=[archive(tmp_path, "0.30.0", program)])
    assert result["msg"].startswith("the program of version 0.30.0 does not run as such on this host: ")
    assert reason in result["msg"]
    assert tree(dest) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"version": "new"}, "version 'new' is no release of Ollama: give one such as 0.32.15"),
        ({"version": "0.30.0"}, "version 0.30.0 is not in {dest}: give its archives"),
        ({"version": "0.30.0", "keep": 0}, "keep 0 leaves nothing to switch back to: give how many older releases to keep, 1 or more"),
        (
            {"version": "0.30.0", "archives": [{"path": "/a", "sha256": "x"}]},
            "sha256 'x' of /a is no checksum: give 64 hexadecimal digits",
        ),
        ({"version": "0.30.0", "archives": [{"path": "/a", "sha256": "0" * 64}]}, "/a cannot be read: No such file or directory"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(dest: Path, call: Call, options: dict[str, Any], sentence: str) -> None:
    assert call(**options)["msg"] == sentence.format(dest=dest)
    assert tree(dest) == []


def test_the_current_release_is_not_pulled_from_under_the_server(call: Call, tmp_path: Path) -> None:
    call("0.30.0", archives=[archive(tmp_path, "0.30.0")], state="current")
    other = archive(tmp_path, "0.30.0", "#!/bin/sh\necho 0.30.0\n")
    assert "is current and came from other archives" in call("0.30.0", archives=[other])["msg"]
    assert call("0.30.0", state="absent")["msg"] == "version 0.30.0 is current: switch to another version before it is removed"


def test_a_release_is_removed(dest: Path, call: Call, tmp_path: Path) -> None:
    call("0.30.0", archives=[archive(tmp_path, "0.30.0")])
    assert call("0.30.0", state="absent", check=True)["removed"] == ["0.30.0"]
    assert call("0.30.0", state="absent")["changed"] is True
    assert tree(dest) == []
    assert call("0.30.0", state="absent")["changed"] is False
