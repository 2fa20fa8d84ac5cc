# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations: what a person may write, what the server is sent. The table is docs/ollama-semantics.md#keep_alive."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive, KeepAliveError
from hypothesis import example, given
from hypothesis import strategies as st

SECOND = 10**9
LONGEST = 2**63 - 1  # nanoseconds, Go's MaxInt64
UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}


def abridged(value: Any) -> str:
    """A test's name, without its hundreds of digits."""
    return repr(value)[:20]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (0, 0),
        (300, 300),
        (0.5, Fraction(1, 2)),
        (1.5, Fraction(3, 2)),
        (31536000, 31536000),
        ("10m", 600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("10.5s", Fraction(21, 2)),
        (".5m", 30),
        ("1.m", 60),
        ("+5m", 300),
        ("1h2m3s4ms5us6ns", Fraction(3723004005006, SECOND)),
        ("2µs", Fraction(2, 10**6)),
        ("0", 0),
        ("0s", 0),
        ("300", 300),
        ("+300", 300),
        ("2.5", Fraction(5, 2)),
        (" 10m ", 600),
        (-0.0, 0),
        ("-0", 0),
        ("-0s", 0),
    ],
)
def test_a_finite_value_means_so_many_seconds(written: Any, seconds: Fraction) -> None:
    keep_alive = KeepAlive.parse(written)
    assert Fraction(keep_alive.nanoseconds, SECOND) == seconds
    assert not keep_alive.is_forever


@pytest.mark.parametrize(
    "written", [-1, -1.0, -0.5, -1e-12, -300, "-1", "-300", "-0.5", "-0.0000000000001", "-1m", "-1s", "-1ns", -(10**400)], ids=abridged
)
def test_a_negative_value_is_for_ever(written: Any) -> None:
    assert KeepAlive.parse(written) == KeepAlive.FOREVER


@pytest.mark.parametrize("written", [9223372036, "9223372036", "2562047h47m16.854775807s", 9.2e9])
def test_the_longest_values_the_server_can_count_are_for_ever(written: Any) -> None:
    assert KeepAlive.parse(written).as_request() == -1


@pytest.mark.parametrize(
    "written", [9223372037, "9223372037", 1e10, 10**400, "1" + "0" * 400, "2562047h47m16.854775808s", "9" * 9999, "9" * 9999 + "h"], ids=abridged
)
def test_a_value_that_the_server_would_overflow_on_is_refused(written: Any) -> None:
    with pytest.raises(KeepAliveError, match=r"longer than the 9223372036 seconds.*use -1 for ever") as refused:
        KeepAlive.parse(written)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("1d", "keep_alive '1d' is not a duration (hours are the longest unit the server knows)"),
        ("2w", "keep_alive '2w' is not a duration (hours are the longest unit the server knows)"),
        ("forever", "keep_alive 'forever' is not a duration"),
        ("", "keep_alive '' is empty"),
        ("   ", "keep_alive '   ' is empty"),
        ("5 m", "keep_alive '5 m' is not a duration"),
        ("5M", "keep_alive '5M' is not a duration"),
        ("1e3", "keep_alive '1e3' is not a duration"),
        ("m", "keep_alive 'm' is not a duration"),
        (".s", "keep_alive '.s' is not a duration"),
        ("1h-5m", "keep_alive '1h-5m' is not a duration"),
        ("\u0663m", "keep_alive '\u0663m' is not a duration"),
        ("5m\n6m", r"keep_alive '5m\n6m' is not a duration"),
        (True, "keep_alive True is a boolean, not a duration"),
        (False, "keep_alive False is a boolean, not a duration"),
        (None, "keep_alive None is a null, not a duration"),
        ([], "keep_alive [] is a list, not a duration"),
        ({}, "keep_alive {} is a mapping, not a duration"),
        (float("nan"), "keep_alive nan is not a finite number"),
        (float("inf"), "keep_alive inf is not a finite number"),
        (float("-inf"), "keep_alive -inf is not a finite number"),
    ],
)
def test_anything_else_is_refused_with_one_sentence(written: Any, complaint: str) -> None:
    with pytest.raises(KeepAliveError) as refused:
        KeepAlive.parse(written)
    assert str(refused.value) == f"{complaint}: use seconds (300), a duration such as '30m' or '1h30m', or -1 for ever"


@pytest.mark.parametrize(
    ("written", "request_form", "environment_form"),
    [
        (-1, -1, "-1"),
        ("-1", -1, "-1"),
        ("-5m", -1, "-1"),
        ("300", "300s", "300s"),
        (300, "300s", "300s"),
        (0.5, "500ms", "500ms"),  # the environment would silently turn 0.5 into five minutes
        ("1h30m", "5400s", "5400s"),
        ("1500us", "1500us", "1500us"),
        ("7ns", "7ns", "7ns"),
        (0, "0s", "0s"),
        ("200000h", -1, "-1"),  # 22.8 years
    ],
)
def test_it_is_sent_in_a_form_that_the_place_takes(written: Any, request_form: Any, environment_form: str) -> None:
    keep_alive = KeepAlive.parse(written)
    assert keep_alive.as_request() == request_form
    assert keep_alive.as_environment() == environment_form


TWENTY_YEARS = 20 * 365 * 86400  # as `ollama ps` counts them


@pytest.mark.parametrize(("seconds", "forever"), [(TWENTY_YEARS, False), (TWENTY_YEARS + 1, True)])
def test_for_ever_begins_beyond_twenty_years(seconds: int, forever: bool) -> None:
    assert KeepAlive.parse(seconds).is_forever is forever


@pytest.mark.parametrize(
    ("written", "readable"),
    [("5400s", "1h30m"), (600, "10m"), ("90s", "1m30s"), (1.5, "1.5s"), (0, "0s"), ("1ns", "0.000000001s"), (-1, "for ever"), ("1h1s", "1h1s")],
)
def test_it_prints_as_a_person_writes_it(written: Any, readable: str) -> None:
    assert str(KeepAlive.parse(written)) == readable


@st.composite
def go_durations(draw: st.DrawFn) -> tuple[str, Fraction]:
    """A text that Go's ParseDuration takes, and its exact worth in nanoseconds."""
    text, worth = draw(st.sampled_from(["", "+"])), Fraction(0)
    for _part in range(draw(st.integers(1, 4))):
        unit = draw(st.sampled_from(sorted(UNITS)))
        whole = draw(st.integers(0, 10**4))
        fraction = draw(st.from_regex(r"\A(\.[0-9]{0,9})?\Z"))
        text += f"{whole}{fraction}{unit}"
        worth += (whole + (Fraction(int(fraction[1:]), 10 ** (len(fraction) - 1)) if len(fraction) > 1 else 0)) * UNITS[unit]
    return text, worth


@given(go_durations())
def test_any_go_duration_is_worth_what_go_says(duration: tuple[str, Fraction]) -> None:
    text, worth = duration
    parts = len(re.findall("[a-zµ]+", text))
    assert 0 <= worth - KeepAlive.parse(text).nanoseconds < parts  # each part is cut to whole nanoseconds


@given(go_durations())
def test_any_negative_go_duration_is_for_ever(duration: tuple[str, Fraction]) -> None:
    text, worth = duration
    expected = KeepAlive(0) if worth < 1 else KeepAlive.FOREVER
    assert KeepAlive.parse("-" + text.lstrip("+")) == expected or worth < 4  # parts below a nanosecond vanish


ACCEPTED = st.one_of(
    st.integers(-(10**12), 9223372036),
    st.floats(-1e12, 9e9),
    st.integers(-(10**12), 9223372036).map(str),
    go_durations().map(lambda duration: duration[0]),
    st.integers(0, LONGEST).map(lambda nanoseconds: f"{nanoseconds}ns"),
)


@given(ACCEPTED)
def test_what_is_sent_reads_back_as_the_same(written: Any) -> None:
    keep_alive = KeepAlive.parse(written)
    for sent in (keep_alive.as_request(), keep_alive.as_environment()):
        assert KeepAlive.parse(sent) == (KeepAlive.FOREVER if keep_alive.is_forever else keep_alive)


@given(ACCEPTED)
def test_what_is_sent_is_the_number_minus_one_or_a_positive_duration_with_a_unit(written: Any) -> None:
    keep_alive = KeepAlive.parse(written)
    assert keep_alive.as_request() == -1 or re.fullmatch(r"\d+(s|ms|us|ns)", str(keep_alive.as_request()))
    assert re.fullmatch(r"-1|\d+(s|ms|us|ns)", keep_alive.as_environment())


@given(ACCEPTED.filter(lambda written: not KeepAlive.parse(written).is_forever))
def test_what_is_printed_for_people_reads_back_as_the_same(written: Any) -> None:
    keep_alive = KeepAlive.parse(written)
    assert KeepAlive.parse(str(keep_alive)) == keep_alive


@given(st.integers(0, LONGEST), st.integers(0, LONGEST))
def test_longer_durations_compare_greater(one: int, other: int) -> None:
    assert (KeepAlive(one) < KeepAlive(other)) is (one < other)
    assert KeepAlive(one) <= KeepAlive.FOREVER


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.integers()), st.binary()))
@example("1\x00m")
@example("\ud800")
def test_whatever_is_written_is_taken_or_refused_with_one_sentence_that_names_it(written: Any) -> None:
    try:
        KeepAlive.parse(written)
    except KeepAliveError as refusal:
        assert str(refusal).startswith(f"keep_alive {repr(written)[:97]}")  # long ones are cut
        assert "\n" not in str(refusal)
