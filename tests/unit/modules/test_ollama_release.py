# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases through the module's real entry point: real archives, a real tar, a program that runs."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils import _release_trial
from ansible_collections.keepwarm.ollama.plugins.module_utils._base import selinux
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_release
from support.ansible_module import Entrance

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "opt"


@pytest.fixture
def call(dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the module for a version."""
    # On a host the program runs in a sandbox of systemd's (molecule/install); here it is tried as whoever runs the tests.
    monkeypatch.setattr(_release_trial, "may_give_up_rights", lambda: False)
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


@pytest.fixture
def restorecon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with SELinux, whose restorecon notes what it is asked for, and fails where there is a file that says so."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "restorecon").write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\ntest ! -e {folder}/fails\n')
    (folder / "restorecon").chmod(0o755)
    (folder / "enforce").write_text("1")
    monkeypatch.setattr(selinux, "ENFORCE", str(folder / "enforce"))
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


def test_a_release_gets_the_labels_of_its_place(dest: Path, call: Call, tmp_path: Path, restorecon: Path) -> None:
    archives = [archive(tmp_path, "0.30.0")]  # one packed anew has other times, and is another release
    call("0.30.0", archives=archives)
    call("0.30.0", archives=archives, state="current")
    assert (restorecon / "asked").read_text() == f"-R -F {dest}/0.30.0\n"


def test_a_release_that_cannot_be_labelled_is_none(dest: Path, call: Call, tmp_path: Path, restorecon: Path) -> None:
    (restorecon / "fails").touch()
    refused = call("0.30.0", archives=[archive(tmp_path, "0.30.0")])
    assert refused["msg"].startswith(f"SELinux runs on this host, but restorecon cannot label {dest}/0.30.0: ")
    assert tree(dest) == []


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


def test_nothing_in_a_release_keeps_rights_of_its_own(dest: Path, call: Call, tmp_path: Path) -> None:
    content = tmp_path / "content-0.30.0"
    (content / "lib/open").mkdir(parents=True)
    (content / "lib/open").chmod(0o2777)
    for name, mode in (("lib/suid", 0o4755), ("lib/sgid", 0o2775), ("lib/plain", 0o666), ("lib/private", 0o700)):
        (content / name).write_text("#!/bin/sh\n")
        (content / name).chmod(mode)
    (content / "lib/link").symlink_to("../bin/ollama")
    assert call("0.30.0", archives=[archive(tmp_path, "0.30.0")])["changed"] is True
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in (dest / "0.30.0/lib").iterdir() if not path.is_symlink()}
    assert modes == {"open": 0o755, "suid": 0o755, "sgid": 0o755, "plain": 0o644, "private": 0o700}
    assert {path.lstat().st_uid for path in dest.rglob("*")} == {os.geteuid()}
    assert (dest / "0.30.0/lib/link").readlink() == Path("../bin/ollama")


@pytest.mark.parametrize(
    ("plant", "sentence"),
    [
        (lambda folder: os.mkfifo(folder / "pipe"), "hold pipe, which is neither a file nor a folder nor a link"),
        (lambda folder: (folder / "away").symlink_to("/etc"), "hold away, a link to /etc, which is outside"),
        (lambda folder: (folder / "up").symlink_to("../../etc"), "hold up, a link to ../../etc, which is outside"),
    ],
)
def test_what_belongs_in_no_release_is_refused(dest: Path, call: Call, tmp_path: Path, plant: Callable[[Path], None], sentence: str) -> None:
    (tmp_path / "content-0.30.0").mkdir()
    plant(tmp_path / "content-0.30.0")
    refused = call("0.30.0", archives=[archive(tmp_path, "0.30.0")])
    assert refused["msg"] == f"the archives of version 0.30.0 {sentence}: they are no release of Ollama"
    assert tree(dest) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [("a b exit=0", (0, "a b")), ("exit=3", (3, "")), ("exit=0 exit=124", (124, "exit=0")), ("no sandbox", (-1, "no sandbox"))],
)
def test_how_a_trial_ended_is_read_from_its_last_words(said: str, told: tuple[int, str]) -> None:
    assert _release_trial.outcome(said) == told


def test_root_tries_a_program_without_its_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_release_trial, "may_give_up_rights", lambda: True)
    command = _release_trial.trial("/opt/ollama/.incoming-0.30.0/release/bin/ollama", "--version")
    assert command[0] == "systemd-run"
    assert {"--property=DynamicUser=yes", "--property=PrivateNetwork=yes", "--property=CapabilityBoundingSet="} <= set(command)


def test_releases_are_not_put_where_others_may_write(call: Call, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs").chmod(0o777)
    refused = call("0.30.0", dest=str(tmp_path / "theirs/opt"), archives=[archive(tmp_path, "0.30.0")])
    assert refused["msg"] == f"{tmp_path}/theirs may be written to by others than root, so that what is below it is not root's alone"
