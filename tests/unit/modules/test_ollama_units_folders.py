# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders through the module's real entry point."""

from __future__ import annotations

import grp
import os
import pathlib
import pwd
from typing import Any, Callable

import pytest
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_units
from support.ansible_module import Entrance

Call = Callable[..., dict[str, Any]]
US = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def call(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the module for a folder."""
    module = Entrance(ollama_units.main, monkeypatch, capsys, tmp_path, role="ollama_server")

    def call(*paths: pathlib.Path, check: bool = False, **options: Any) -> dict[str, Any]:
        folders = [{"path": str(path), "owner": US, **options} for path in paths]
        return module.run(folders=folders, check=check)

    return call


def test_check_mode_predicts_and_a_second_run_changes_nothing(tmp_path: pathlib.Path, call: Call) -> None:
    group = grp.getgrgid(os.getegid()).gr_name
    predicted = call(tmp_path / "a/b", check=True, group=group)
    assert (predicted["changed"], (tmp_path / "a").exists()) == (True, False)
    happened = call(tmp_path / "a/b", group=group)
    assert happened["steps"] == predicted["steps"] == [f"create {tmp_path}/a", f"create {tmp_path}/a/b"]
    assert happened["diff"] == predicted["diff"]
    assert call(tmp_path / "a/b", group=group)["changed"] is False


def test_an_owner_who_is_yet_to_be_created_is_predicted_for(tmp_path: pathlib.Path, call: Call) -> None:
    assert call(tmp_path / "a", check=True, owner="no-such-user", group="no-such-group")["steps"] == [f"create {tmp_path}/a"]
    assert call(tmp_path / "a", owner="no-such-user")["msg"] == "owner 'no-such-user' does not exist on this host"


@pytest.mark.parametrize("check", [True, False])
def test_a_link_of_another_user_s_is_refused_in_a_sentence(tmp_path: pathlib.Path, call: Call, check: bool) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs").chmod(0o777)
    (tmp_path / "theirs/models").symlink_to("/etc")
    sentence = "is a link, in a folder that others than root may write to, and is not followed: name what it leads to"
    assert call(tmp_path / "theirs/models", check=check)["msg"] == f"{tmp_path}/theirs/models {sentence}"
    refused = call(tmp_path / "theirs/releases", check=check, owner="root")["msg"]
    assert refused == f"{tmp_path}/theirs may be written to by others than root, so that what is below it is not root's alone"


def test_permissions_that_are_none_are_refused(tmp_path: pathlib.Path, call: Call) -> None:
    assert call(tmp_path / "a", mode="u=rwx")["msg"] == "mode 'u=rwx' is no octal number of permissions: give one such as '0750'"
