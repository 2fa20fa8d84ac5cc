# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources as one text: the same for the same sources, and all of them."""

from __future__ import annotations

import base64
import io
import os
import zipfile
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._source_archive import source_archive as pack


def sources(folder: Path) -> str:
    (folder / "inner").mkdir(parents=True)
    (folder / "b.py").write_text("B = 1\n")
    (folder / "inner/a.py").write_text("A = 'ü'\n")
    (folder / "notes.txt").write_text("no source")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/b.cpython-312.pyc").write_bytes(b"\0")
    return str(folder)


def test_every_source_is_in_it_and_nothing_else(tmp_path: Path) -> None:
    packed = pack({"z": sources(tmp_path / "one"), "a": sources(tmp_path / "two")})
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as archive:
        assert archive.namelist() == ["a/b.py", "a/inner/a.py", "z/b.py", "z/inner/a.py"]
        assert archive.read("z/inner/a.py").decode() == "A = 'ü'\n"


def test_the_same_sources_give_the_same_text_whatever_their_dates(tmp_path: Path) -> None:
    first, second = sources(tmp_path / "one"), sources(tmp_path / "two")
    os.utime(tmp_path / "two/b.py", (1, 1))
    os.chmod(tmp_path / "two/b.py", 0o600)
    assert pack({"x": first}) == pack({"x": second})
    (tmp_path / "two/b.py").write_text("B = 2\n")
    assert pack({"x": first}) != pack({"x": second})


def test_a_folder_without_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnsibleFilterError, match="holds no Python sources: is the collection installed as a whole"):
        pack({"x": str(tmp_path)})
