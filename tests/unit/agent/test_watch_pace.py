# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often passes are requested, whatever ends. Times are made up."""

from __future__ import annotations

from ollama_warmup.watch.pace import SETTLED, Pace


def dies_at_once(pace: Pace, until: float, *keys: str, load: float = 0.1) -> list[float]:
    """When passes are requested, if what they load ends after so many seconds."""
    now, requests = 0.0, []
    for key in keys:
        pace.ended(key, 0, now)
    while (due := pace.next()) is not None and due < until:
        now = max(now, due)
        ended = pace.take(now)
        requests.append(now)
        now += load
        for key in ended:
            pace.ended(key, 0, now)
    return requests


def test_nothing_is_ever_due_by_itself() -> None:
    pace = Pace()
    assert (pace.next(), pace.take(1e9)) == (None, frozenset())


def test_an_end_is_due_at_once_and_only_once() -> None:
    pace = Pace()
    assert pace.ended("a", 1000, 50) == 0
    assert (pace.next(), pace.take(50), pace.next()) == (50, {"a"}, None)


def test_one_that_keeps_ending_waits_longer_each_time() -> None:
    requests = dies_at_once(Pace(), 1000, "a")
    assert requests[:3] == [0, 1, 2]
    waits = [round(later - earlier - 0.1) for earlier, later in zip(requests[2:], requests[3:])]
    assert waits == [2, 4, 8, 16, 32, 64, 128, 240, 240, 240]


def test_the_time_that_its_load_takes_does_not_make_it_look_settled() -> None:
    assert len(dies_at_once(Pace(), 4000, "a", load=SETTLED)) == 11


def test_twenty_that_keep_ending_stay_far_below_the_start_limit_of_the_pass() -> None:
    pace = Pace()
    requests = dies_at_once(pace, 30, *map(str, range(20)))
    assert len(requests) <= 30


def test_one_that_keeps_ending_does_not_hold_up_another() -> None:
    pace = Pace()
    for time in range(9):
        pace.ended("a", 0, time)
        pace.forget()
    assert pace.ended("a", 0, 100) == 128
    assert pace.ended("b", 20, 100) == 0
    assert pace.take(100) == {"b"}
    assert pace.next() == 228


def test_one_that_lived_long_starts_anew() -> None:
    pace = Pace()
    for _time in range(9):
        pace.ended("a", 0, 0)
        pace.forget()
    assert pace.ended("a", SETTLED, 1000) == 0


def test_two_requests_are_a_second_apart_whatever_ends() -> None:
    pace = Pace()
    pace.ended("a", 1000, 10)
    pace.postpone("b", 0.5, 10)
    assert pace.take(10) == {"a"}
    assert (pace.next(), pace.take(10.5), pace.take(11)) == (11, frozenset(), {"b"})


def test_an_end_is_not_counted_twice_while_its_pass_is_due() -> None:
    pace = Pace()
    for _time in range(100):
        assert pace.ended("a", 0, 5) == 0
    assert pace.next() == 5


def test_the_end_of_everything_is_forgotten_with_the_server() -> None:
    pace = Pace()
    pace.ended("a", 0, 0)
    pace.postpone("server", 10, 0)
    pace.forget()
    assert pace.next() is None
