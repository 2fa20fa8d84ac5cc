# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drop-in is written with the former one kept, until the server has served with it."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_server_dropin
from support.ansible_module import Entrance

Act = Callable[..., dict[str, Any]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ollama.service.d/zz-keepwarm.conf"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "state/server/ollama.service.dropin.json"


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, path: Path) -> Act:
    """Runs the module."""
    entrance = Entrance(ollama_server_dropin.main, monkeypatch, capsys, tmp_path)

    def call(state: str, content: str | None = None, **options: Any) -> dict[str, Any]:
        given = {"content": content} if content is not None else {}
        return entrance.run(path=str(path), folder=str(tmp_path / "state/server"), state=state, **given, **options)

    return call


def test_a_first_drop_in_goes_again_if_the_server_does_not_come_up(act: Act, path: Path, kept: Path) -> None:
    written = act("written", "a")
    assert (written["changed"], written["diff"]["before"], written["diff"]["after"]) == (True, "", "a")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("a", 0o644)
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(kept.parent.stat().st_mode)) == (0o600, 0o700)
    assert act("restored")["changed"] is True
    assert (path.parent.exists(), kept.parent.exists()) == (False, False)


def test_what_served_last_is_kept_over_any_number_of_tries(act: Act, path: Path, kept: Path) -> None:
    act("written", "good")
    act("proven")
    assert not kept.exists()
    act("written", "bad")
    act("written", "worse")
    assert json.loads(kept.read_text())["content"] == "good"
    assert (act("restored")["changed"], path.read_text(), kept.exists()) == (True, "good", False)
    assert act("restored")["changed"] is False


def test_a_drop_in_that_is_as_it_is_to_be_changes_nothing(act: Act, path: Path, kept: Path) -> None:
    act("written", "a")
    act("proven")
    assert (act("written", "a")["changed"], kept.exists()) == (False, False)
    path.chmod(0o600)
    assert (act("written", "a")["changed"], stat.S_IMODE(path.stat().st_mode)) == (True, 0o644)


def test_check_mode_tells_and_does_nothing(act: Act, path: Path, kept: Path) -> None:
    assert act("written", "a", check=True)["changed"] is True
    assert (path.exists(), kept.exists()) == (False, False)
    act("written", "a")
    assert (act("restored", check=True)["changed"], path.read_text(), kept.exists()) == (True, "a", True)


def test_what_was_kept_and_cannot_be_read_is_told(act: Act, kept: Path) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_text("{")
    assert act("written", "a")["msg"].startswith(f"{kept} cannot be read (")


def test_another_thing_at_the_place_of_the_drop_in_is_told(act: Act, path: Path) -> None:
    path.mkdir(parents=True)
    assert act("written", "a")["msg"] == f"{path}: it is no regular file"
