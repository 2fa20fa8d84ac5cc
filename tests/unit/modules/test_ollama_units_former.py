# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The former drop-in is put back, or kept no longer."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils import _server_state
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_units
from support.ansible_module import Entrance

Act = Callable[..., dict[str, Any]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "etc/systemd/system/ollama.service.d/zz-keepwarm.conf"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "var/lib/keepwarm-ollama/server/ollama.service.dropin.json"


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Act:
    """Runs the module."""
    monkeypatch.setattr(ollama_units, "ROOT", str(tmp_path))
    entrance = Entrance(ollama_units.main, monkeypatch, capsys, tmp_path, role="ollama_server", dropin_name="zz-keepwarm.conf")

    def call(state: str, **options: Any) -> dict[str, Any]:
        return entrance.run(dropins=[{"unit": "ollama.service", "state": state}], **options)

    return call


@pytest.fixture
def write(path: Path, kept: Path) -> Callable[[str], None]:
    """As ollama_units does."""

    def call(content: str) -> None:
        if not kept.exists():
            former = path.read_text() if path.exists() else None
            _server_state.write("ollama.service", _server_state.DROPIN, {"content": former}, str(kept.parent))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return call


def test_a_first_drop_in_goes_again_if_the_server_does_not_come_up(act: Act, write: Callable[[str], None], path: Path, kept: Path) -> None:
    write("a")
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(kept.parent.stat().st_mode)) == (0o600, 0o700)
    restored = act("former")
    assert (restored["changed"], restored["diff"][0]["before"], restored["diff"][0]["after"]) == (True, "a", "")
    assert (path.parent.exists(), kept.parent.exists()) == (False, False)


def test_what_served_last_is_put_back(act: Act, write: Callable[[str], None], path: Path, kept: Path) -> None:
    write("good")
    act("proven")
    assert not kept.exists()
    write("bad")
    assert (act("former")["changed"], path.read_text(), kept.exists()) == (True, "good", False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    again = act("former")
    assert (again["changed"], again["put_back"]) == (False, [])


def test_what_is_the_same_as_the_former_one_is_no_change(act: Act, write: Callable[[str], None], kept: Path) -> None:
    write("a")
    act("proven")
    write("a")
    restored = act("former")
    assert (restored["changed"], restored["put_back"], kept.exists()) == (False, [], False)


def test_check_mode_tells_and_does_nothing(act: Act, write: Callable[[str], None], path: Path, kept: Path) -> None:
    write("a")
    assert (act("former", check=True)["changed"], path.read_text(), kept.exists()) == (True, "a", True)
    act("proven", check=True)
    assert kept.exists()


@pytest.mark.parametrize("state", ["proven", "former"])
def test_what_was_kept_and_cannot_be_read_is_told(act: Act, kept: Path, state: str) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_text("{")
    assert act(state)["msg"].startswith(f"{kept} cannot be read (")


def test_another_thing_at_the_place_of_the_drop_in_is_told(act: Act, path: Path) -> None:
    path.mkdir(parents=True)
    assert act("former")["msg"] == f"{path}: it is no regular file"
