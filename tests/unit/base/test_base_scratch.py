# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scratch folder of what is only looked at."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base import scratch


@pytest.fixture
def top(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    made = tmp_path / "scratch"
    monkeypatch.setattr(scratch, "SCRATCH", str(made))
    return made


def test_it_is_below_run_whatever_the_caller_s_environment_says() -> None:
    assert scratch.SCRATCH == "/run/keepwarm-ollama"


def test_nobody_else_may_look_and_nothing_stays(top: pathlib.Path) -> None:
    before = os.umask(0)
    with scratch.scratch_folder() as folder:
        assert {stat.S_IMODE(os.stat(path).st_mode) for path in (top, folder)} == {0o700}
        pathlib.Path(folder, "secret.conf").write_text("x")
    os.umask(before)
    assert not top.exists()


def test_nothing_stays_of_what_fails(top: pathlib.Path) -> None:
    with pytest.raises(OSError, match="full"), scratch.scratch_folder():
        raise OSError("the disk is full")
    assert not top.exists()


def test_what_a_run_that_was_killed_left_goes_and_that_of_another_run_stays(top: pathlib.Path) -> None:
    for name in ("99999999-killed", f"{os.getppid()}-other"):
        (top / name).mkdir(parents=True)
    with scratch.scratch_folder():
        assert "99999999-killed" not in os.listdir(top)
    assert os.listdir(top) == [f"{os.getppid()}-other"]
