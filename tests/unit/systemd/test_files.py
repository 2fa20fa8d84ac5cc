# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit files, drop-in folders and environment files are read as systemd reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.dropins import dropin_files, dropin_folders
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.environment_file import (
    parse_environment_file,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile, settings_of
from hypothesis import given
from hypothesis import strategies as st

UNIT = r"""
# a comment
[Unit]
Description = An Ollama \
# a comment in the middle of a continued line
  ; another
  server
[Service]
Environment=A=1 \
    B=2
no setting
ExecStart=/usr/local/bin/ollama serve \\
OOMPolicy=kill
"""


def test_settings_keep_their_section_and_join_their_lines() -> None:
    found = [
        (entry.section, entry.directive, " ".join(entry.value.split())) for entry in settings_of(UnitFile("u", UNIT))
    ]
    assert found == [
        ("Unit", "Description", "An Ollama server"),
        ("Service", "Environment", "A=1 B=2"),
        ("Service", "ExecStart", r"/usr/local/bin/ollama serve \\"),
        ("Service", "OOMPolicy", "kill"),
    ]


@pytest.mark.parametrize(
    ("unit", "stems"),
    [
        ("ollama.service", ["ollama.service"]),
        ("llm-gpu-0.service", ["llm-gpu-0.service", "llm-gpu-.service", "llm-.service"]),
        ("llm-a@1.service", ["llm-a@1.service", "llm-a@.service", "llm-@1.service", "llm-@.service"]),
    ],
)
def test_the_folders_go_from_the_special_to_the_general(unit: str, stems: list[str]) -> None:
    folders = [f"/etc/{stem}.d" for stem in stems] + [f"/lib/{stem}.d" for stem in stems]
    assert list(dropin_folders([unit], ["/etc", "/lib"])) == [*folders, "/etc/service.d", "/lib/service.d"]


def make(folder: Path, *names: str) -> str:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("")
    return str(folder)


def test_drop_ins_are_sorted_by_file_name_and_the_first_folder_hides_the_others(tmp_path: Path) -> None:
    etc = make(tmp_path / "etc", "b.conf", "zz.conf", "ignored.txt", ".hidden.conf")
    lib = make(tmp_path / "lib", "a.conf", "b.conf", "zzz.conf")
    assert dropin_files([etc, lib, "/no/such/folder"]) == [
        f"{lib}/a.conf",
        f"{etc}/b.conf",
        f"{etc}/zz.conf",
        f"{lib}/zzz.conf",
    ]


def test_a_planned_drop_in_counts_as_there(tmp_path: Path) -> None:
    etc = make(tmp_path / "etc", "override.conf")
    assert dropin_files([etc], f"{etc}/zz.conf") == [f"{etc}/override.conf", f"{etc}/zz.conf"]
    assert dropin_files([etc, f"{tmp_path}/new"], f"{tmp_path}/new/a.conf")[0] == f"{tmp_path}/new/a.conf"


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("A=1\nB=2\nA=3\n", {"A": "3", "B": "2"}),
        ("# A=1\n;B=2\n\n  C = 3 4  \n", {"C": "3 4"}),
        ("A=\"x y\" \nB='\"z\" $H'\nC=\"\\\"q\\\" \\$H \\n\"", {"A": "x y", "B": '"z" $H', "C": '"q" $H \\n'}),
        ('A="one"\'two\'three', {"A": "onetwothree"}),
        ('A=mid"quote"', {"A": 'mid"quote"'}),
        ("A=long \\\nline\nB=\\ x", {"A": "long line", "B": " x"}),
        ('A="two\nlines"\nB=1', {"A": "two\nlines", "B": "1"}),
        ("export A=1\n1B=2\nC", {}),
        ("A=\nB=1", {"A": "", "B": "1"}),
        ("A=%h $HOME # no comment", {"A": "%h $HOME # no comment"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    ],
)
def test_environment_files_have_a_syntax_of_their_own(text: str, variables: dict[str, str]) -> None:
    assert parse_environment_file(text) == variables


@given(st.text(alphabet="A=B'\"\\ #;\n\r\tx$"))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(key in ("A", "B", "x") or set(key) <= set("ABx") for key in parse_environment_file(text))
