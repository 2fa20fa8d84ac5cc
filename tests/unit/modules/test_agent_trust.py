# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What root does for the agent in places that another user can write to."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.interpreter import Apprise, Interpreter
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.work import Work
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.folders import UnsafePath


def never(*words: Any, **options: Any) -> tuple[int, str, str]:
    raise AssertionError(f"ran {words} {options}")


@pytest.fixture
def shared(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder that every user can write to."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.mark.parametrize("by_link", [False, True])
def test_an_interpreter_that_others_can_write_to_is_refused_and_never_run(shared: pathlib.Path, tmp_path: pathlib.Path, by_link: bool) -> None:
    program = shared / "python3"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    link = tmp_path / "python3"
    link.symlink_to(program)
    found = Interpreter(str(link if by_link else program), never, "judge")
    (sentence,) = found.problems()
    assert "would be run by root, but" in sentence and str(shared) in sentence
    assert (found.missing(["apprise"]), found.judge(["json://a"])) == ([], Apprise())


def test_the_interpreter_of_the_distribution_is_taken() -> None:
    assert list(Interpreter("/usr/bin/python3", never).problems()) == []


def test_a_link_is_not_made_through_a_link_of_another_user(shared: pathlib.Path, tmp_path: pathlib.Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (shared / "node-exporter").symlink_to(private)
    with pytest.raises(UnsafePath):
        Work(never, predict=False).link(str(shared / "node-exporter/ours.prom"), "/var/cache/ours.prom")
    assert list(private.iterdir()) == []


def test_a_link_is_made_in_a_folder_of_another_user(shared: pathlib.Path) -> None:
    Work(never, predict=False).link(str(shared / "ours.prom"), "/var/cache/ours.prom")
    assert (shared / "ours.prom").readlink() == pathlib.Path("/var/cache/ours.prom")
