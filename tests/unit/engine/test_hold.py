# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's hold: what may be said, and what a file must say to be one."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.hold_file import (
    Hold,
    hold_data,
    last_hold,
    parse_length,
    parse_reason,
    read_hold,
    write_hold,
)

NOON = 1_800_000_000.0  # 2027-01-15T08:00:00Z
HOLD = Hold(until=NOON + 7200, since=NOON, reason="new GPU", by="alice")


@pytest.mark.parametrize(("said", "seconds"), [("2h", 7200), ("1h30m", 5400), ("90", 90), ("720h", 30 * 86400), ("1s", 1)])
def test_a_length_is_seconds_or_a_duration(said: str, seconds: float) -> None:
    assert parse_length(said) == seconds


@pytest.mark.parametrize("said", ["-1", "0", "721h", "0.5s", "1d", "", "for ever", "-2h"])
def test_another_length_is_refused_with_its_value_and_what_would_be_right(said: str) -> None:
    with pytest.raises(InvalidValue, match="give seconds") as refused:
        parse_length(said)
    assert repr(said) in str(refused.value)


def test_a_reason_is_one_short_line() -> None:
    assert parse_reason(" new\n\x1b[1mGPU ") == "new ?[1mGPU"
    with pytest.raises(InvalidValue, match="at most 200"):
        parse_reason("x" * 201)


def test_what_was_written_is_read_and_told(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lib/default.hold"
    write_hold(str(path), HOLD)
    assert read_hold(str(path), NOON) == HOLD
    assert str(HOLD) == "on hold until 2027-01-15 10:00:00 UTC by alice: new GPU"
    assert hold_data(HOLD) == {
        "until": "2027-01-15T10:00:00Z",
        "since": "2027-01-15T08:00:00Z",
        "reason": "new GPU",
        "by": "alice",
        "text": str(HOLD),
    }


def test_everybody_may_read_the_file_and_a_shell_sees_its_end(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "default.hold"
    write_hold(str(path), HOLD)
    assert (path.stat().st_mode & 0o777, path.stat().st_mtime) == (0o644, HOLD.until)
    assert list(tmp_path.iterdir()) == [path]


def test_a_hold_ends_at_its_end_and_not_before(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "default.hold")
    write_hold(path, HOLD)
    assert read_hold(path, HOLD.until - 0.001) == HOLD
    assert read_hold(path, HOLD.until) is None
    assert last_hold(path) == HOLD


def test_no_file_is_no_hold(tmp_path: pathlib.Path) -> None:
    assert read_hold(str(tmp_path / "default.hold"), NOON) is None


def test_a_file_that_cannot_be_read_is_no_hold_and_says_so(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InvalidValue, match="cannot be read, and is no hold: it is no regular file"):
        read_hold(str(tmp_path), NOON)


GARBAGE: list[Any] = [
    [],
    {},
    {**vars(HOLD), "until": "2h"},
    {**vars(HOLD), "until": True},
    {**vars(HOLD), "until": float("inf")},
    {**vars(HOLD), "until": 1e300},
    {**vars(HOLD), "until": NOON},  # ends as it begins
    {**vars(HOLD), "until": NOON + 31 * 86400},
    {**vars(HOLD), "since": None},
    {**vars(HOLD), "reason": ["x"]},
]


@pytest.mark.parametrize("text", ["", "garbage", "[" * 60_000, "\x00", *map(json.dumps, GARBAGE)])
def test_a_file_of_garbage_is_no_hold_and_says_so(tmp_path: pathlib.Path, text: str) -> None:
    path = tmp_path / "default.hold"
    path.write_text(text)
    with pytest.raises(InvalidValue, match=r"default\.hold tells no hold, and is taken for none"):
        read_hold(str(path), NOON)


def test_a_file_that_is_no_text_is_no_hold(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "default.hold"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidValue, match="tells no hold"):
        read_hold(str(path), NOON)


def test_a_write_that_fails_leaves_the_hold_that_was_on(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "default.hold"
    write_hold(str(path), HOLD)

    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_hold(str(path), Hold(until=NOON + 60, since=NOON))
    assert (read_hold(str(path), NOON), list(tmp_path.iterdir())) == (HOLD, [path])
