# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of servers that are not declared any more."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.server_files import role_files
from ansible_collections.keepwarm.ollama.plugins.module_utils._server.left import left_files, left_units
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_unit_info

UNITS = "/etc/systemd/system"
MARK = "# Ansible managed (keepwarm.ollama.ollama_server)\n"
TEMPLATE, TARGET = f"{UNITS}/ollama@.service", f"{UNITS}/ollama.target"
A, B, PLAIN = (f"{UNITS}/{unit}.d/zz-keepwarm.conf" for unit in ("ollama@a.service", "ollama@b.service", "ollama.service"))
EVERYTHING = [TEMPLATE, TARGET, A, B, PLAIN]


def test_a_host_that_had_several_goes_back_to_one() -> None:
    units = left_units(EVERYTHING, ["ollama.service"], "ollama.service", several=False)
    assert units == ["ollama@a.service", "ollama@b.service", "ollama.target"]
    assert left_files(EVERYTHING, units, several=False) == [A, B, TEMPLATE, TARGET]  # a template goes after what tells of its instances


def test_one_is_taken_off_the_list() -> None:
    units = left_units(EVERYTHING, ["ollama@b.service"], "ollama.service", several=True)
    assert units == ["ollama@a.service", "ollama.service"]
    assert left_files(EVERYTHING, units, several=True) == [PLAIN, A]


def test_declared_ones_stay() -> None:
    assert left_units([TEMPLATE, TARGET, A, PLAIN], ["ollama.service", "ollama@a.service"], "ollama.service", several=True) == []
    assert left_units([PLAIN], ["ollama.service"], "ollama.service", several=False) == []


def test_only_files_with_the_mark_of_the_role_are_its_own(tmp_path: pathlib.Path) -> None:
    for path in (*EVERYTHING, f"{UNITS}/ollama@c.service.d/zz-keepwarm.conf", f"{UNITS}/ollama@d.service.d/other.conf"):
        file = pathlib.Path(f"{tmp_path}{path}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[Service]\n" if "@c" in path else MARK)
    assert sorted(role_files(str(tmp_path))) == sorted(EVERYTHING)
    assert role_files(f"{tmp_path}/nowhere") == []


def test_a_server_in_a_container_leaves_its_dropin_and_its_unit() -> None:
    files = [f"/etc/containers/systemd/ollama@a.container{rest}" for rest in (".d/zz-keepwarm.conf", "")]
    units = left_units(files, ["ollama.service"], "ollama.service", several=False)
    assert (units, left_files(files, units, several=False)) == (["ollama@a.service"], files)
    assert left_units(files, ["ollama@a.service"], "ollama.service", several=True) == []


def test_where_systemd_runs_none_of_the_declared_all_of_theirs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama_unit_info, "role_files", lambda: EVERYTHING)
    monkeypatch.setattr(ollama_unit_info, "recorded_units", lambda: ["ollama-c.service"])
    found = ollama_unit_info.left_beside(["ollama-c.service"], "ollama.service")
    assert found["left_units"] == ["ollama@a.service", "ollama@b.service", "ollama.target", "ollama.service"]
    assert (found["left_files"], found["composed_units"]) == ([A, B, TEMPLATE, TARGET], ["ollama-c.service"])
