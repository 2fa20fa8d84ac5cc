# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that were meant to set a variable and do nothing."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.dropins import unread_files
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.ignored_lines import ignored_in_environment_file, ignored_in_unit
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile

UNIT_LINES = [
    ("[Service]\nEnvironment=\u201cOLLAMA_KEEP_ALIVE=-1\u201d", 2, "typographic quote"),
    ('[Service]\nEnvironment="OLLAMA_HOST=\u2018x\u2019"', 2, "typographic quote"),
    ('Environment="OLLAMA_KEEP_ALIVE=-1"', 1, "stands in no section"),
    ('[Unit]\nDescription=x\nEnvironment="OLLAMA_KEEP_ALIVE=-1"', 3, "stands in [Unit]"),
    ('[service]\nEnvironment="OLLAMA_KEEP_ALIVE=-1"', 2, "stands in [service]"),
    ("[Unit]\nEnvironmentFile=/etc/OLLAMA_ENV", 2, "stands in [Unit]"),
    ("[Service]\nOLLAMA_KEEP_ALIVE=-1", 2, "is a variable, not a setting"),
    ("[Service]\n# a comment\n\nCUDA_VISIBLE_DEVICES=0", 4, "is a variable, not a setting"),
    ("[Service]\nexport OLLAMA_HOST=0.0.0.0", 2, "is a variable, not a setting"),
    ("[Service]\nOLLAMA-MODELS=/x", 2, "is a variable, not a setting"),
    ('[Service]\nEnvironment="OLLAMA_KEEP_ALIVE = -1"', 2, "is no name of a variable"),
    ("[Service]\nEnvironment=OLLAMA_KEEP_ALIVE = -1", 2, "there is no = in it"),
    ('[Service]\nEnvironment="export OLLAMA_HOST=0.0.0.0"', 2, "export is a word of shells"),
    ("[Service]\nEnvironment=OLLAMA-MODELS=/x", 2, "it holds a -"),
    ('[Service]\nEnvironment="OLLAMA_HOST=1', 2, "quotes do not close"),
    ('[Service]\nEnvironment=PATH=/bin \\\n  "OLLAMA_HOST = 1"', 3, "is no name of a variable"),
]
FINE = [
    '[Service]\nEnvironment="OLLAMA_HOST=1" OLLAMA_MODELS=/x PATH=/bin',
    '[Service]\nEnvironment="OLLAMA_ORIGINS=http://a=b,http://c"',
    "[Service]\nEnvironment=OLLAMA_HOST= PATH=/usr/bin",
    "[Service]\nEnvironment=nonsense",
    "[Service]\n;OLLAMA_HOST=1\nUnsetEnvironment=OLLAMA_HOST",
    "[Unit]\nDescription=Ollama with OLLAMA_HOST=1",
]


@pytest.mark.parametrize(("text", "line", "reason"), UNIT_LINES)
def test_a_line_of_a_unit_that_sets_nothing_is_named_with_its_reason(text: str, line: int, reason: str) -> None:
    (found,) = ignored_in_unit(UnitFile("/etc/x.conf", text))
    assert (found.path, found.line) == ("/etc/x.conf", line)
    assert reason in found.reason
    assert found.remedy


@pytest.mark.parametrize("text", FINE)
def test_lines_that_count_or_concern_nobody_are_not_named(text: str) -> None:
    assert list(ignored_in_unit(UnitFile("/x", text))) == []


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("OLLAMA_HOST=1\nexport OLLAMA_KEEP_ALIVE=-1", 2, "export is a word of shells"),
        ("OLLAMA-MODELS=/x", 1, "it holds a -"),
        ("OLLAMA_MODELS=\u201c/x\u201d", 1, "typographic quote"),
    ],
)
def test_a_line_of_an_environment_file_that_sets_nothing_is_named_with_its_reason(text: str, line: int, reason: str) -> None:
    (found,) = ignored_in_environment_file(UnitFile("/etc/default/ollama", text))
    assert found.line == line
    assert reason in found.reason


@pytest.mark.parametrize("text", ["OLLAMA_KEEP_ALIVE = -1", "# export OLLAMA_HOST=1", "export PATH=/bin", "OLLAMA_HOST='1'"])
def test_other_lines_of_an_environment_file_are_not_named(text: str) -> None:
    assert list(ignored_in_environment_file(UnitFile("/x", text))) == []


def test_files_that_systemd_does_not_read_are_found_and_copies_are_left_out(tmp_path: pathlib.Path) -> None:
    for name in ("override", "override.conf", "override.conf.bak", ".hidden", "keep.txt", "x.conf~"):
        (tmp_path / name).write_text("[Service]\n")
    (tmp_path / "folder").mkdir()
    assert unread_files([str(tmp_path), "/nonexistent"]) == [f"{tmp_path}/keep.txt", f"{tmp_path}/override"]
