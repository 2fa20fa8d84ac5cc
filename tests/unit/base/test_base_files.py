# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in folders where another user may write."""

from __future__ import annotations

import os
import pathlib
from typing import Callable

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.files import (
    FileTooLarge,
    NotARegularFile,
    create_empty,
    read_bytes,
    replace_file,
)

PLANTED: dict[str, Callable[[pathlib.Path], None]] = {
    "a link": lambda path: path.symlink_to("/etc/passwd"),
    "a link that leads nowhere": lambda path: path.symlink_to("/nonexistent/file"),
    "a FIFO": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_only_a_regular_file_is_read_and_nothing_is_waited_for(tmp_path: pathlib.Path, plant: Callable[[pathlib.Path], None]) -> None:
    plant(tmp_path / "file")
    with pytest.raises(NotARegularFile):
        read_bytes(str(tmp_path / "file"), 100)


def test_a_file_is_read_up_to_its_limit(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bytes(str(path), 5) == b"12345"
    with pytest.raises(FileTooLarge):
        read_bytes(str(path), 4)
    with pytest.raises(FileNotFoundError):
        read_bytes(str(tmp_path / "nothing"), 4)


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_what_stands_at_a_path_is_not_followed_when_a_file_is_created(tmp_path: pathlib.Path, plant: Callable[[pathlib.Path], None]) -> None:
    plant(tmp_path / "file")
    before = os.lstat(tmp_path / "file")
    assert create_empty(str(tmp_path / "file")) is False
    assert os.lstat(tmp_path / "file").st_mode == before.st_mode
    assert create_empty(str(tmp_path / "new")) is True
    assert create_empty(str(tmp_path / "closed"), 0o666, (None, os.getgid())) is True
    assert (tmp_path / "closed").stat().st_mode & 0o777 == 0o666
    assert (tmp_path / "new").read_bytes() == b""


@pytest.mark.parametrize("plant", list(PLANTED.values())[:3], ids=list(PLANTED)[:3])
def test_a_link_at_the_temporary_name_is_replaced_not_followed(tmp_path: pathlib.Path, plant: Callable[[pathlib.Path], None]) -> None:
    plant(tmp_path / "file.new")
    replace_file(str(tmp_path / "file"), b"content", mode=0o640)
    assert (tmp_path / "file").read_bytes() == b"content"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_write_that_fails_leaves_the_former_file_and_nothing_else(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"former")

    def fail(_temporary: str) -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        replace_file(str(tmp_path / "file"), b"content", prepare=fail)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"former"
