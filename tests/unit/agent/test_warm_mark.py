# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd's condition of ollama-warm.target goes by."""

from __future__ import annotations

import pathlib
import subprocess

import pytest
from ollama_warmup.state.warm_mark import WarmMark


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "warm"


def test_it_is_gone_with_the_server_that_was_warm(path: pathlib.Path) -> None:
    with subprocess.Popen(["sleep", "infinity"]) as server:
        WarmMark(str(path)).say(True, server.pid)
        assert path.exists()
        server.kill()
    assert not path.exists()


def test_a_server_elsewhere_has_one_that_stays(path: pathlib.Path) -> None:
    WarmMark(str(path)).say(True)
    assert path.exists()


@pytest.mark.parametrize("server", [None, 1])
def test_a_pass_that_did_not_end_warm_takes_it_away(path: pathlib.Path, server: int | None) -> None:
    mark = WarmMark(str(path))
    mark.say(True, server)
    mark.say(False, server)
    assert not path.is_symlink() and not path.exists()


def test_a_later_start_of_the_server_takes_the_place_of_an_earlier_one(path: pathlib.Path) -> None:
    mark = WarmMark(str(path))
    mark.say(True, 2**30)
    assert not path.exists()
    mark.say(True, 1)
    assert path.exists()
