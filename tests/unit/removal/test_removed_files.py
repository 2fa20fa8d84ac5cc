# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders go with all that is in them, and mount points stay."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal import files
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import EMPTY, Executor, Step, remove_empty_folder, remove_tree
from support.removal_host import Host


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    return Host(tmp_path)


def trees(host: Host, top: str) -> set[str]:
    return {path for path in host.files() if path.startswith(top)}


def test_a_mount_point_is_emptied_and_not_planned_again(host: Host) -> None:
    host.write("/srv/a b/c/d")
    host.mount("/srv/a b")
    assert remove_tree("/srv/a b", host.root) == [Step(EMPTY, "/srv/a b")]
    Executor(host.run, host.root).carry_out(remove_tree("/srv/a b", host.root))
    assert trees(host, "/srv/") == {"/srv/a b"}
    assert remove_tree("/srv/a b", host.root) == [] == remove_empty_folder("/srv/a b", host.root)


def test_of_what_leads_to_a_mount_point_nothing_else_stays(host: Host) -> None:
    for path in ("top/file", "top/x/file", "top/x/mounted/file", "top/y/z/file"):
        host.write(f"/srv/{path}")
    host.mount("/srv/top/x/mounted")
    host.mount("/srv/topmost")
    Executor(host.run, host.root).carry_out(remove_tree("/srv/top", host.root))
    assert trees(host, "/srv/top/") == {"/srv/top/x", "/srv/top/x/mounted"}
    assert remove_tree("/srv/top", host.root) == []


def test_a_mount_point_is_known_behind_a_link(host: Host) -> None:
    host.mount("/data/lib/ollama")
    host.write("/data/lib/ollama/file")
    host.link("/srv/lib", "../data/lib")
    Executor(host.run, host.root).carry_out(remove_tree("/srv/lib/ollama", host.root))
    assert trees(host, "/data/lib/") == {"/data/lib/ollama"}


def test_a_link_to_a_mount_point_is_but_a_link(host: Host) -> None:
    host.mount("/data")
    host.write("/data/file")
    host.link("/srv/link", "../data")
    Executor(host.run, host.root).carry_out(remove_tree("/srv/link", host.root))
    host.link("/srv/other", "../data")
    assert remove_empty_folder("/srv/other", host.root) == []
    assert "/srv/link" not in host.files() and "/data/file" in host.files()


def test_a_folder_that_cannot_go_is_no_failure_unless_it_is_one(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    files.remove_folder(str(tmp_path / "a"))
    files.remove_folder(str(tmp_path / "nowhere"))
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        files.remove_folder(str(tmp_path / "file"))
    assert (tmp_path / "a/b").is_dir()
