# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play asks whether an operator is at work."""

from __future__ import annotations

import pathlib
import time
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.hold_file import Hold, hold_data, write_hold
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_hold_info
from support.ansible_module import Entrance

NOTHING = {"held": False, "until": None, "since": None, "reason": None, "by": None, "text": None, "changed": False}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> Entrance:
    return Entrance(ollama_hold_info.main, monkeypatch, capsys, tmp_path)


def told(result: dict[str, Any]) -> dict[str, Any]:
    return {key: result[key] for key in NOTHING}


def test_a_hold_is_told_for_its_instance_alone(module: Entrance, tmp_path: pathlib.Path) -> None:
    now = time.time()
    hold = Hold(until=now + 60, since=now, reason="new GPU", by="alice")
    write_hold(str(tmp_path / "two.hold"), hold)
    for check in (False, True):
        assert told(module.succeed(folder=str(tmp_path), instance="two", check=check)) == {"held": True, "changed": False, **hold_data(hold)}
    assert told(module.succeed(folder=str(tmp_path))) == NOTHING


def test_a_hold_that_is_over_is_none(module: Entrance, tmp_path: pathlib.Path) -> None:
    now = time.time()
    write_hold(str(tmp_path / "default.hold"), Hold(until=now - 1, since=now - 60))
    assert told(module.succeed(folder=str(tmp_path))) == NOTHING


def test_garbage_is_no_hold_and_a_warning(module: Entrance, tmp_path: pathlib.Path) -> None:
    (tmp_path / "default.hold").write_text("garbage")
    result = module.succeed(folder=str(tmp_path))
    assert told(result) == NOTHING
    assert "tells no hold" in result["warnings"][0]
