# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a transfer as values, and when nothing moves."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import human_bytes
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.transfer import Progress, StallWatch, TransferFailed, read_progress
from support.fake_server import FakeClock


def test_a_line_about_bytes() -> None:
    line = {"status": "pulling 01aeb9c27aef", "digest": "sha256:01", "total": 436512448, "completed": 71401472}
    progress = read_progress(line)
    assert (progress.percent, str(progress)) == (16, "pulling 01aeb9c27aef: 16 % of 437 MB")


@pytest.mark.parametrize(("completed", "percent"), [(0, 0), (999, 99), (1000, 100), (1001, 100)])
def test_percent_is_100_only_with_all_of_it(completed: int, percent: int) -> None:
    assert Progress("pulling", completed, 1000).percent == percent


def test_a_zero_is_left_out_by_the_server() -> None:
    assert read_progress({"status": "pulling x", "total": 5}) == Progress("pulling x", 0, 5)
    assert str(read_progress({"status": "verifying sha256 digest"})) == "verifying sha256 digest"


def test_an_error_line_is_a_failure_in_the_servers_words() -> None:
    with pytest.raises(TransferFailed, match=r"^pull model manifest: file does not exist$"):
        read_progress({"error": "pull model manifest: file\ndoes not exist"})


@pytest.mark.parametrize("line", [[], "x", None, {}, {"status": 1}, {"status": "x", "total": -1}, {"status": "x", "completed": True}])
def test_what_is_no_line(line: Any) -> None:
    with pytest.raises(ValueError, match="is no"):
        read_progress(line)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (436512448, "437 MB"), (5_200_000_000, "5.2 GB"), (10**16, "10000 TB")]
)
def test_bytes_are_decimal(count: int, text: str) -> None:
    assert human_bytes(count) == text


def test_lines_that_say_the_same_do_not_count_as_progress() -> None:
    clock = FakeClock()
    watch = StallWatch(10, clock.monotonic)
    for dummy in range(9):
        clock.sleep(1)
        watch.see(Progress("pulling x", 7, 100))
    assert not watch.stalled
    clock.sleep(2)
    watch.see(Progress("pulling x", 7, 100))
    assert watch.stalled
    watch.see(Progress("pulling x", 8, 100))
    assert not watch.stalled
    assert watch.where == "pulling x: 8 % of 100 B"
