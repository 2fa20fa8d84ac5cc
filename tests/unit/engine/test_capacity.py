# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much VRAM there is: what is learned from one look after the other, and what drivers add."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import (
    Bounds,
    Capacity,
    Vram,
    capacity,
    default_context,
    learn,
    learn_eviction,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.scheduler import EVICTS, Candidate, Occupant, place
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import ResidentModel
from hypothesis import given
from hypothesis import strategies as st
from support.values import digest, resident

GPUS = ("GPU-1",)
GIB = 2**30


@pytest.mark.parametrize(
    ("known", "listed", "expected"),
    [
        pytest.param(Bounds(gpus=GPUS), [resident("a", size=10), resident("b", size=5)], Bounds(15, None, GPUS), id="it went in"),
        pytest.param(Bounds(20, None, GPUS), [resident("a", size=10)], Bounds(20, None, GPUS), id="less than before says nothing"),
        pytest.param(Bounds(5, 30, GPUS), [resident("a", size=10, vram=7), resident("b", size=5)], Bounds(12, 15, GPUS), id="part of it did not"),
        pytest.param(Bounds(5, 13, GPUS), [resident("a", size=10, vram=7), resident("b", size=5)], Bounds(12, 13, GPUS), id="the least that did not"),
        pytest.param(Bounds(5, 12, GPUS), [resident("a", size=20)], Bounds(20, None, GPUS), id="now it did"),
        pytest.param(Bounds(50, None, GPUS), [resident("a", size=20, vram=10)], Bounds(10, 20, GPUS), id="now it did not: others hold the rest"),
        pytest.param(Bounds(5, 8, GPUS), [resident("a", size=20, vram=10)], Bounds(10, 20, GPUS), id="more than was thought, and no end of it"),
        pytest.param(Bounds(5, None, GPUS), [resident("a", size=20, vram=0)], Bounds(5, None, GPUS), id="the processor's is nobody's evidence"),
        pytest.param(Bounds(50, 60, ("GPU-2",)), [resident("a", size=10)], Bounds(10, None, GPUS), id="other GPUs"),
        pytest.param(Bounds(50, 60, GPUS), [], Bounds(50, 60, GPUS), id="nothing in memory"),
    ],
)
def test_what_a_look_teaches(known: Bounds, listed: list[ResidentModel], expected: Bounds) -> None:
    assert learn(known, listed, GPUS) == expected


def test_what_a_modelfile_keeps_out_of_vram_is_no_lack_of_it() -> None:
    listed = [resident("a", size=20, vram=10)]
    assert learn(Bounds(gpus=GPUS), listed, GPUS, frozenset({digest("a")})) == Bounds(10, None, GPUS)


@pytest.mark.parametrize(
    ("known", "others", "reckoned", "expected"),
    [
        pytest.param(Bounds(10, None, GPUS), 10, 80, Bounds(10, 110, GPUS), id="the first that did not get in"),
        pytest.param(Bounds(10, 100, GPUS), 10, 80, Bounds(10, 100, GPUS), id="the least of two"),
        pytest.param(Bounds(10, 200, GPUS), 10, 80, Bounds(10, 110, GPUS), id="the least of two, the other way round"),
        pytest.param(Bounds(150, None, GPUS), 10, 80, Bounds(10, 110, GPUS), id="more went in before: others hold the rest"),
    ],
)
def test_what_an_eviction_teaches(known: Bounds, others: int, reckoned: int, expected: Bounds) -> None:
    assert learn_eviction(known, others, reckoned) == expected


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_below_the_limit_of_an_eviction_the_scheduler_evicts_and_at_it_no_longer(others: int, reckoned: int) -> None:
    limit = learn_eviction(Bounds(), others, reckoned).at_most or 0
    resident_one = [Occupant("a", others, (60.0, "a"))]
    candidate = Candidate("b", reckoned, reckoned, (60.0, "b"), (False, 1))
    assert [place(resident_one, [candidate], usable, None)[0].verdict == EVICTS for usable in (limit - 1, limit)] == [True, False]


LOOKS = st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100)).map(lambda pair: resident("a", size=pair[0], vram=min(pair))), max_size=4)


@given(st.lists(LOOKS, max_size=6))
def test_the_bounds_never_contradict_each_other(looks: list[list[ResidentModel]]) -> None:
    bounds = Bounds(gpus=GPUS)
    for listed in looks:
        bounds = learn(bounds, listed, GPUS)
        assert bounds.at_most is None or bounds.at_least < bounds.at_most
        assert bounds.at_least >= sum(entry.size_vram for entry in listed)


@pytest.mark.parametrize(
    ("vram", "bounds", "expected", "point"),
    [
        (None, Bounds(5, 9, GPUS), Capacity(None, 5, 9), None),
        (Vram(100, 40), Bounds(0, None, GPUS), Capacity(100, 0, None, 30), 70),  # 30 of the 40 are another program's
        (Vram(100, 3), Bounds(0, None, GPUS), Capacity(100, 0, None), 100),  # the driver may lag behind
        (Vram(100, 300), Bounds(0, None, GPUS), Capacity(100, 0, None, 290), 0),
        (Vram(100, 10), Bounds(0, 90, GPUS), Capacity(100, 0, 90), 89),  # llama.cpp leaves a margin
        # What went in last month does not go in beside what holds 80 now.
        (Vram(100, 90), Bounds(60, None, GPUS), Capacity(100, 60, None, 80), 20),
        (Vram(100, 16), Bounds(98, None, GPUS), Capacity(100, 98, None, 6), 94),
        (Vram(100, 15), Bounds(98, None, GPUS), Capacity(100, 98, None, 5), 98),  # no program, but what runners hold beside their models
        (Vram(100, 10), Bounds(160, None, GPUS), Capacity(100, 160, None), 100),  # it went in when the server saw more GPUs than now
        (Vram(100, 10), Bounds(70, 90, ("GPU-2",)), Capacity(100, 0, None), 100),
    ],
)
def test_what_there_is_now(vram: Vram | None, bounds: Bounds, expected: Capacity, point: int | None) -> None:
    found = capacity(bounds, GPUS, vram, [resident("a", size=10)])
    assert (found, found.point) == (expected, point)


@pytest.mark.parametrize(
    ("vram", "seen", "release", "context"),
    [
        (Vram(8 * GIB), 0, (), 4096),
        (Vram(23 * GIB), 0, (), 32768),
        (Vram(47 * GIB), 0, (0, 15, 5), 262144),
        (Vram(47 * GIB), 0, (0, 0, 0), 262144),  # a build of one's own
        (Vram(47 * GIB), 0, (0, 15, 4), 4096),
        (None, 47 * GIB, (0, 15), 4096),
        (Vram(8 * GIB), 47 * GIB, (0, 32, 15), 4096),
        (None, 47 * GIB, (), 262144),
        (None, 24 * GIB, (), None),  # there may be twice as much
        (None, 0, (), None),
    ],
)
def test_the_default_context_follows_the_memory(vram: Vram | None, seen: int, release: tuple[int, ...], context: int | None) -> None:
    assert default_context(vram, seen, release) == context
