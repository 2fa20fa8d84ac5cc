# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench of cold exposure makes of its samples."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench/exposure"))

import measure
import report
from scale import FACTOR, PINS, STRAY, WINDOW

BOTH, ONE = frozenset(PINS), frozenset(PINS[:1])
END = WINDOW / FACTOR


@pytest.mark.parametrize(
    ("seen", "cold"),
    [
        ([(0, BOTH)], 0),
        ([(0, frozenset())], WINDOW),
        ([(0, ONE)], WINDOW),
        ([(0, BOTH | {STRAY})], 0),
        ([(0, BOTH), (2, ONE), (5, BOTH)], 3 * FACTOR),
        ([(-9, ONE), (4, BOTH)], 4 * FACTOR),
        ([(-9, ONE), (-1, BOTH)], 0),
        ([(0, BOTH), (END - 1, ONE), (END + 50, BOTH)], FACTOR),
        ([(0, BOTH), (END + 1, ONE)], 0),
        ([(0, BOTH), (1, ONE), (2, frozenset()), (3, BOTH), (6, ONE), (7, BOTH)], 3 * FACTOR),
    ],
)
def test_cold_is_every_moment_of_the_window_at_which_a_pin_was_not_usable(seen: list[tuple[float, frozenset[str]]], cold: float) -> None:
    moved = [(moment + 1000, usable) for moment, usable in [*seen, (END + 99, seen[-1][1])]]
    assert measure.exposure(moved, 1000) == pytest.approx(cold)


def test_samples_that_end_early_say_nothing() -> None:
    with pytest.raises(measure.SamplesMissing):
        measure.exposure([(1000, BOTH), (1000 + END / 2, BOTH)], 1000)


def test_the_table_has_the_mean_and_what_it_is_the_mean_of() -> None:
    assert (report.cell([30, 30, 30]), report.cell([10, 20, 60])) == ("30", "30 (10-60)")


def test_what_a_run_said_replaces_what_the_last_one_said_and_nothing_else(tmp_path: pathlib.Path) -> None:
    document = tmp_path / "x.md"
    document.write_text("before\n<!-- exposure: written by make bench-exposure -->\n<!-- end of exposure -->\nafter\n")
    for said in ("first\n", "second\n"):
        report.write(document, said)
    assert document.read_text() == "before\n<!-- exposure: written by make bench-exposure -->\nsecond\n<!-- end of exposure -->\nafter\n"
