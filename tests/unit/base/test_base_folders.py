# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths through folders where another user may write. A folder that all may write to stands in for another user's."""

from __future__ import annotations

import os
import pathlib
import shutil
import stat

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.folders import UnsafePath, open_regular, pinned, prepare, require_own

UID, GID = os.geteuid(), os.getegid()
FOLLOWED = "is a link, in a folder that others than root may write to, and is not followed: name what it leads to"


@pytest.fixture
def theirs(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder in which another user could have put anything."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def victim(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder that must stay as it is."""
    folder = tmp_path / "victim"
    (folder / "blobs").mkdir(parents=True)
    (folder / "blobs/file").write_text("precious")
    folder.chmod(0o711)
    return folder


def permissions(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("below", ["", "/models", "/a/b"])
@pytest.mark.parametrize("predict", [True, False])
def test_a_link_of_another_user_s_is_not_followed(theirs: pathlib.Path, victim: pathlib.Path, below: str, predict: bool) -> None:
    (theirs / "link").symlink_to(victim)
    with pytest.raises(UnsafePath) as refused:
        prepare(f"{theirs}/link{below}", UID, GID, 0o750, predict)
    assert str(refused.value) == f"{theirs}/link {FOLLOWED}"
    assert (permissions(victim), [path.name for path in victim.iterdir()]) == (0o711, ["blobs"])


def test_a_link_beyond_a_link_of_root_s_is_not_followed_either(tmp_path: pathlib.Path, theirs: pathlib.Path, victim: pathlib.Path) -> None:
    (tmp_path / "sure").symlink_to(theirs)
    (theirs / "link").symlink_to(victim)
    with pytest.raises(UnsafePath, match=f"{theirs}/link is a link"):
        prepare(f"{tmp_path}/sure/link/models", UID, GID, 0o750)
    (theirs / "up").mkdir()
    with pytest.raises(UnsafePath, match=f"{theirs}/link is a link"):
        prepare(f"{theirs}/up/../link", UID, GID, 0o750)


@pytest.mark.parametrize("target", ["victim", "{0}/victim", "sub/../victim", "other"])
def test_a_link_where_only_we_may_write_is_followed(tmp_path: pathlib.Path, victim: pathlib.Path, target: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "other").symlink_to("victim")
    (tmp_path / "link").symlink_to(target.format(tmp_path))
    assert prepare(f"{tmp_path}/link", UID, GID, 0o750) == [f"mode of {victim}"]
    assert permissions(victim) == 0o750


def test_links_in_a_circle_end(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UnsafePath, match="Too many levels"):
        prepare(f"{tmp_path}/a", UID, GID, 0o750)


def test_what_is_missing_is_predicted_made_and_then_right(tmp_path: pathlib.Path) -> None:
    old = os.umask(0o077)
    try:
        wanted = [f"create {tmp_path}/a b", f"create {tmp_path}/a b/chat", f"create {tmp_path}/a b/chat/models"]
        folder = f"{tmp_path}/a b/chat/models"
        assert prepare(folder, UID, GID, 0o750, predict=True) == wanted
        assert not (tmp_path / "a b").exists()
        assert prepare(folder, UID, GID, 0o750) == wanted
        assert prepare(folder, UID, GID, 0o750) == []
    finally:
        os.umask(old)
    assert [permissions(pathlib.Path(path)) for path in (folder, f"{tmp_path}/a b/chat", f"{tmp_path}/a b")] == [0o750, 0o755, 0o755]


def test_folders_below_another_user_s_are_made_there(theirs: pathlib.Path) -> None:
    prepare(f"{theirs}/a/models", UID, GID, 0o700)
    assert permissions(theirs / "a/models") == 0o700
    assert prepare(f"{theirs}/a/models", UID, GID, 0o700, predict=True) == []


def test_what_is_no_folder_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (f"{tmp_path}/file", f"{tmp_path}/file/models"):
        with pytest.raises(UnsafePath, match=f"{tmp_path}/file is no folder"):
            prepare(path, UID, GID, 0o750)
    with pytest.raises(UnsafePath, match="models is no absolute path"):
        prepare("models", UID, GID, 0o750)


def test_root_s_own_is_not_put_below_what_others_may_write_to(tmp_path: pathlib.Path, theirs: pathlib.Path) -> None:
    require_own(f"{tmp_path}/a/b")
    with pytest.raises(UnsafePath, match=f"{theirs} may be written to by others than root, so that what is below it is not root's alone"):
        require_own(f"{theirs}/a/b")
    (theirs / "a").mkdir()
    with pytest.raises(UnsafePath, match=f"{theirs}"):
        require_own(f"{theirs}/a")


def test_a_name_that_is_pinned_leads_to_the_same_whatever_becomes_of_the_way(tmp_path: pathlib.Path, theirs: pathlib.Path, victim: pathlib.Path) -> None:
    (theirs / "models/blobs").mkdir(parents=True)
    with pinned(f"{theirs}/models/blobs") as held:
        (theirs / "models").rename(theirs / "away")
        (theirs / "models").symlink_to(victim)
        shutil.rmtree(held)
    assert (victim / "blobs/file").read_text() == "precious"
    assert list((theirs / "away").iterdir()) == []
    with pytest.raises(UnsafePath), pinned(f"{theirs}/models/blobs"):
        pass


def test_a_regular_file_is_opened_and_nothing_else(theirs: pathlib.Path, victim: pathlib.Path) -> None:
    (theirs / "file").write_text("content")
    (theirs / "link").symlink_to(victim / "blobs/file")
    os.mkfifo(theirs / "pipe")
    with open_regular(f"{theirs}/file") as file:
        assert file.read() == b"content"
    for name, reason in (("link", "is a link"), ("pipe", "is no regular file"), ("..", "is no regular file")):
        with pytest.raises(UnsafePath, match=reason):
            open_regular(f"{theirs}/{name}")
    with pytest.raises(FileNotFoundError):
        open_regular(f"{theirs}/none")
