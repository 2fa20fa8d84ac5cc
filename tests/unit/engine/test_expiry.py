# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expiry in `/api/ps`: Go's RFC3339Nano in the server's own offset (docs/ollama-semantics.md#expiry)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import Expiry, ExpiryError
from hypothesis import given
from hypothesis import strategies as st

UTC = timezone.utc
NOW = datetime(2026, 8, 22, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("2318-12-02T09:47:16.978231264Z", datetime(2318, 12, 2, 9, 47, 16, 978231, UTC)),
        ("2026-08-22T08:00:00Z", NOW),
        ("2026-08-22T10:00:00.5+02:00", NOW + timedelta(milliseconds=500)),
        ("2026-08-22T02:30:00.000001-05:30", NOW + timedelta(microseconds=1)),
        ("2026-08-22t08:00:00z", NOW),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),  # Go's zero time
    ],
)
def test_a_timestamp_is_read_to_the_microsecond(shown: str, meant: datetime) -> None:
    assert Expiry.parse(shown).moment == meant


@pytest.mark.parametrize(
    "shown",
    [
        None,
        1755849600,
        "",
        "2026-08-22",
        "2026-08-22 08:00:00Z",
        "2026-08-22T08:00:00",
        "2026-08-22T08:00:00.Z",
        "2026-08-22T08:00:00.1234567890Z",
        "2026-08-22T08:00:00,5Z",
        "2026-13-22T08:00:00Z",
        "2026-02-30T08:00:00Z",
        "2026-08-22T25:00:00Z",
        "2026-08-22T08:00:61Z",
        "2026-08-22T08:00:00+99:99",
        "2026-08-22T08:00:00+24:00",
        "0001-01-01T00:00:00+14:00",
        "\u0662\u0660\u0662\u0666-08-22T08:00:00Z",
        "2026-08-22T08:00:00Z\n",
        "12026-08-22T08:00:00Z",
    ],
)
def test_anything_else_is_refused_by_name(shown: Any) -> None:
    with pytest.raises(ExpiryError) as refused:
        Expiry.parse(shown)
    assert repr(shown) in str(refused.value)


def go_text(moment: datetime, digits: int, offset: timedelta) -> str:
    """As Go prints it: the fraction cut to `digits`, the offset as hours and minutes."""
    local = moment.astimezone(timezone(offset))
    fraction = f"{local.microsecond:06d}000"[:digits]
    sign, minutes = ("-", -offset) if offset < timedelta(0) else ("+", offset)
    hours, minutes_left = divmod(int(minutes.total_seconds()) // 60, 60)
    zone = f"{sign}{hours:02d}:{minutes_left:02d}"
    return local.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (f".{fraction}" if digits else "") + zone


@given(
    st.datetimes(datetime(1000, 1, 3), datetime(9998, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 9),
    st.integers(-14 * 60, 14 * 60),
)
def test_any_fraction_and_any_offset(moment: datetime, digits: int, offset: int) -> None:
    kept = 10 ** (6 - min(digits, 6))
    cut = moment.replace(microsecond=moment.microsecond // kept * kept)
    assert Expiry.parse(go_text(moment, digits, timedelta(minutes=offset))).moment == cut


@given(st.datetimes(datetime(1000, 1, 3), datetime(9998, 1, 1), timezones=st.just(UTC)))
def test_what_it_prints_reads_back_as_the_same(moment: datetime) -> None:
    assert Expiry.parse(str(Expiry(moment))) == Expiry(moment)
    assert str(Expiry(moment)).endswith("Z")


@given(st.one_of(st.text(), st.from_regex(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,10})?(Z|[+-]\d\d:\d\d)\Z")))
def test_no_text_makes_it_raise_anything_else(shown: str) -> None:
    try:
        assert Expiry.parse(shown).moment.tzinfo is UTC
    except ExpiryError as refusal:
        assert "\n" not in str(refusal)


@pytest.mark.parametrize(("beyond", "forever"), [(timedelta(0), False), (timedelta(microseconds=1), True)])
def test_for_ever_is_more_than_twenty_years_ahead_of_the_servers_clock(beyond: timedelta, forever: bool) -> None:
    assert Expiry(NOW + 20 * timedelta(days=365) + beyond).is_forever(NOW) is forever


def test_what_remains_is_negative_once_past() -> None:
    assert Expiry(NOW - timedelta(seconds=3)).remaining(NOW) == timedelta(seconds=-3)
