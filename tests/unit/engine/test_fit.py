# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who fits beside whom, who goes: the scheduler's rule as a table, and what holds for any memory."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.scheduler import (
    EVICTS,
    FITS,
    SPILLS,
    UNKNOWN,
    Candidate,
    Occupant,
    Outcome,
    place,
)
from hypothesis import given
from hypothesis import strategies as st

FOREVER = float("inf")


def inside(name: str, size: int, seconds: float = FOREVER, rank: int | None = None) -> Occupant:
    """A model in memory; `rank` for a pin."""
    return Occupant(name, size, (seconds, name), None if rank is None else (False, rank))


def wanted(name: str, size: int | None, rank: int = 9, seconds: float = FOREVER, **others: Any) -> Candidate:
    return Candidate(**{"name": name, "size": size, "reckoned": size, "order": (seconds, name), "rank": (False, rank), **others})


def summary(outcomes: list[Outcome]) -> list[tuple[Any, ...]]:
    return [(each.name, each.verdict, each.evicts, each.size_vram, each.set_aside) for each in outcomes]


@pytest.mark.parametrize(
    ("memory", "candidates", "usable", "limit", "expected"),
    [
        pytest.param([], [wanted("a", 10)], 10, None, [("a", FITS, (), 10, False)], id="alone a model may fill all of it"),
        pytest.param([], [wanted("a", 11)], 10, None, [("a", SPILLS, (), 10, False)], id="alone it is loaded, and what does not fit is the processor's"),
        pytest.param([inside("a", 20)], [wanted("b", 64)], 100, None, [("b", FITS, (), 64, False)], id="four fifths of what is free are enough"),
        pytest.param([inside("a", 20)], [wanted("b", 65)], 100, None, [("b", EVICTS, ("a",), 65, False)], id="and no more"),
        pytest.param(
            [inside("a", 20, 300), inside("b", 20, 60)], [wanted("c", 60)], 100, None, [("c", EVICTS, ("b",), 60, False)], id="the shortest stay goes first"
        ),
        pytest.param([inside("b", 20), inside("a", 20)], [wanted("c", 60)], 100, None, [("c", EVICTS, ("a",), 60, False)], id="of equal ones the least path"),
        pytest.param([inside("a", 20), inside("b", 30)], [wanted("c", 110)], 100, None, [("c", EVICTS, ("a", "b"), 100, False)], id="all of them in vain"),
        pytest.param([inside("a", 1), inside("b", 1)], [wanted("c", 1)], 100, 2, [("c", EVICTS, ("a",), 1, False)], id="one too many"),
        pytest.param([inside("a", 1)], [wanted("b", 1), wanted("c", 1)], None, 3, [("b", FITS, (), 1, False), ("c", FITS, (), 1, False)], id="room by number"),
        pytest.param(
            [inside("a", 20, rank=0)],
            [wanted("b", 70, rank=1), wanted("c", 60, rank=2)],
            100,
            None,
            [("b", EVICTS, ("a",), 70, True), ("c", FITS, (), 60, False)],
            id="what was declared earlier gets its place back",
        ),
        pytest.param(
            [inside("b", 20, rank=1)],
            [wanted("a", 70, rank=0), wanted("c", 60, rank=2)],
            100,
            None,
            [("a", EVICTS, ("b",), 70, False), ("c", EVICTS, ("a",), 60, True)],
            id="what was declared later does not",
        ),
        pytest.param(
            [inside("a", 20, 5), inside("b", 20, rank=0)],
            [wanted("c", 90, rank=1), wanted("d", 64, rank=2)],
            100,
            None,
            [("c", EVICTS, ("a", "b"), 90, True), ("d", FITS, (), 64, False)],
            id="a stray that went is gone",
        ),
        pytest.param([inside("a", 90)], [wanted("a", 95, replaces="a")], 100, None, [("a", FITS, (), 95, False)], id="a reload has its own room"),
        pytest.param([inside("a", 20)], [wanted("b", 70, reckoned=60)], 100, None, [("b", FITS, (), 70, False)], id="the scheduler's own sum decides"),
        pytest.param([inside("a", 20)], [wanted("b", 85, reckoned=60)], 100, None, [("b", SPILLS, (), 80, False)], id="and may be wrong"),
        pytest.param([inside("a", 20)], [wanted("b", None)], 100, None, [("b", UNKNOWN, (), None, False)], id="no size, no word"),
    ],
)
def test_the_schedulers_rule(
    memory: list[Occupant], candidates: list[Candidate], usable: int | None, limit: int | None, expected: list[tuple[Any, ...]]
) -> None:
    assert summary(place(memory, candidates, usable, limit)) == expected


SIZES = st.integers(0, 100)
OCCUPANTS = st.lists(st.tuples(SIZES, st.sampled_from([60.0, 300.0, FOREVER]), st.booleans()), max_size=5).map(
    lambda found: [inside(f"m{number}", size, stay, number if pinned else None) for number, (size, stay, pinned) in enumerate(found)]
)
CANDIDATES = st.lists(st.tuples(SIZES, SIZES), max_size=4).map(
    lambda found: [wanted(f"n{number}", size, 50 + number, reckoned=reckoned) for number, (size, reckoned) in enumerate(found)]
)


@given(OCCUPANTS, CANDIDATES, st.integers(0, 300), st.none() | st.integers(1, 6))
def test_a_verdict_never_contradicts_its_numbers(memory: list[Occupant], candidates: list[Candidate], usable: int, limit: int | None) -> None:
    for candidate, outcome in zip(candidates, place(memory, candidates, usable, limit)):
        assert outcome.name == candidate.name
        assert (outcome.verdict == EVICTS) == bool(outcome.evicts)
        assert (outcome.verdict == SPILLS) <= (outcome.size_vram is not None and outcome.size_vram < (candidate.size or 0))
        assert outcome.free is not None and 0 <= outcome.free <= usable
        assert outcome.size_vram is not None and 0 <= outcome.size_vram <= usable


@given(OCCUPANTS, SIZES, SIZES, st.integers(0, 300), st.integers(0, 300))
def test_more_memory_never_makes_one_load_worse(memory: list[Occupant], size: int, reckoned: int, usable: int, more: int) -> None:
    candidate = wanted("n", size, reckoned=reckoned)
    (less,), (greater,) = (place(memory, [candidate], amount, None) for amount in (usable, usable + more))
    assert set(greater.evicts) <= set(less.evicts)
    assert less.verdict != FITS or greater.verdict == FITS


@given(OCCUPANTS, SIZES, st.integers(0, 300))
def test_nobody_leaves_before_who_is_to_go_first(memory: list[Occupant], size: int, usable: int) -> None:
    (outcome,) = place(memory, [wanted("n", size)], usable, None)
    order = [entry.name for entry in sorted(memory, key=lambda entry: entry.order)]
    assert list(outcome.evicts) == order[: len(outcome.evicts)]


@given(OCCUPANTS, CANDIDATES, st.integers(0, 300))
def test_a_pin_that_was_declared_earlier_is_never_lost(memory: list[Occupant], candidates: list[Candidate], usable: int) -> None:
    pins = {entry.name for entry in memory if entry.rank is not None}
    for outcome in place(memory, candidates, usable, None):
        assert outcome.set_aside == bool(pins.intersection(outcome.evicts) or any(name < outcome.name for name in outcome.evicts if name.startswith("n")))
