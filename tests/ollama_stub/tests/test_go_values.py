# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations, keep_alive, the environment and JSON as Go reads them."""

from __future__ import annotations

from typing import Any

import pytest
from ollama_stub import go_duration, go_json, go_time, keep_alive
from ollama_stub.environment import Environment
from ollama_stub.go_duration import HOUR, MAX, MIN, MINUTE, SECOND
from ollama_stub.go_json import BadRequest

DURATIONS = [
    ("0", 0),
    ("-0", 0),
    ("0s", 0),
    ("10m", 10 * MINUTE),
    ("1h30m", 90 * MINUTE),
    ("1.5h", 90 * MINUTE),
    (".5s", SECOND // 2),
    ("1.s", SECOND),
    ("-1m", -MINUTE),
    ("+5s", 5 * SECOND),
    ("1h2m3.004005006s", HOUR + 2 * MINUTE + 3_004_005_006),
    ("250ms", 250_000_000),
    ("3us4\u00b5s5\u03bcs6ns", 12_006),
    ("2562047h47m16.854775807s", MAX),
    ("-2562047h47m16.854775808s", MIN),
]
REFUSED_DURATIONS = [
    ("", 'time: invalid duration ""'),
    ("-", 'time: invalid duration "-"'),
    (".", 'time: invalid duration "."'),
    ("forever", 'time: invalid duration "forever"'),
    ("-1", 'time: missing unit in duration "-1"'),
    ("300", 'time: missing unit in duration "300"'),
    ("1h5", 'time: missing unit in duration "1h5"'),
    ("1d", 'time: unknown unit "d" in duration "1d"'),
    ("1 m", 'time: unknown unit " m" in duration "1 m"'),
    ("2562047h47m16.854775808s", 'time: invalid duration "2562047h47m16.854775808s"'),
    ('1"', 'time: unknown unit "\\"" in duration "1\\""'),
]


@pytest.mark.parametrize(("text", "nanoseconds"), DURATIONS)
def test_duration(text: str, nanoseconds: int) -> None:
    assert go_duration.parse(text) == nanoseconds


@pytest.mark.parametrize(("text", "message"), REFUSED_DURATIONS)
def test_refused_duration(text: str, message: str) -> None:
    with pytest.raises(go_duration.DurationError) as refused:
        go_duration.parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (300 * SECOND, "5m0s"),
        (90 * MINUTE, "1h30m0s"),
        (1_500_000_000, "1.5s"),
        (MAX, "2562047h47m16.854775807s"),
        (-MINUTE, "-1m0s"),
    ],
)
def test_printed_duration(nanoseconds: int, text: str) -> None:
    assert go_duration.text(nanoseconds) == text


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        (None, None),
        (-1, MAX),
        (-0.001, MAX),
        ("-1s", MAX),
        (0, 0),
        ("0", 0),
        (0.5, SECOND // 2),
        (300, 300 * SECOND),
        (9223372036, 9223372036 * SECOND),
        (9223372037, MIN),  # the float overflows int64, as on amd64
        (1e300, MIN),
    ],
)
def test_keep_alive(value: Any, nanoseconds: int | None) -> None:
    assert keep_alive.parse(value) == nanoseconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "Unsupported type: 'bool'"),
        ([1], "Unsupported type: '[]interface {}'"),
        ({}, "Unsupported type: 'map[string]interface {}'"),
        ("-1", 'time: missing unit in duration "-1"'),
    ],
)
def test_refused_keep_alive(value: Any, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        keep_alive.parse(value)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        ("", 5 * MINUTE),
        ("  ", 5 * MINUTE),
        ("10m", 10 * MINUTE),
        (' "10m" ', 10 * MINUTE),
        ("'2'", 2 * SECOND),
        ("-1", MAX),
        ("-5m", MAX),
        ("0", 0),
        ("0s", 0),
        ("1d", 5 * MINUTE),
        ("forever", 5 * MINUTE),
        ("0.5", 5 * MINUTE),
        ("9223372037", MAX),  # wraps to a negative duration
        ("99999999999999999999", 5 * MINUTE),
    ],
)
def test_keep_alive_of_the_environment(value: str, nanoseconds: int) -> None:
    assert Environment({"OLLAMA_KEEP_ALIVE": value}).keep_alive == nanoseconds


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://0.0.0.0:11434"),
        (":56789", "http://:56789"),
        ("example.com", "http://example.com:11434"),
        ("example.com:56789", "http://example.com:56789"),
        ("http://example.com", "http://example.com:80"),
        ("https://example.com/path", "https://example.com:443/path"),
        ("[::1]:1234", "http://[::1]:1234"),
        ("::1", "http://[::1]:11434"),
        ("example.com:99999", "http://example.com:11434"),
        (' "1.2.3.4:5" ', "http://1.2.3.4:5"),
    ],
)
def test_host(value: str, url: str) -> None:
    assert Environment({"OLLAMA_HOST": value}).host.url == url


@pytest.mark.parametrize(
    ("value", "meaning"), [("", False), ("0", False), ("false", False), ("1", True), ("no", True), ("off", True)]
)
def test_flag_that_is_no_boolean_counts_as_true(value: str, meaning: bool) -> None:
    assert Environment({"OLLAMA_NOPRUNE": value}).no_prune is meaning


@pytest.mark.parametrize(("value", "meaning"), [("", 512), ("7", 7), ("-1", 512), ("many", 512)])
def test_number_that_is_none_leaves_the_default(value: str, meaning: int) -> None:
    assert Environment({"OLLAMA_MAX_QUEUE": value}).max_queue == meaning


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "unexpected EOF"),
        (b'{"model": "x', "unexpected EOF"),
        (b"x", "invalid character 'x' looking for beginning of value"),
        (b"{x}", "invalid character 'x' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"5", "json: cannot unmarshal number into Go value of type api.R"),
        (b'{"MODEL": []}', "json: cannot unmarshal array into Go struct field R.model of type string"),
        (b'{"count": 1.5}', "json: cannot unmarshal number 1.5 into Go struct field R.count of type int"),
        (b'{"count": true}', "json: cannot unmarshal bool into Go struct field R.count of type int"),
    ],
)
def test_json_errors_are_in_go_words(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        go_json.decode(body, "R", {"model": go_json.STRING, "count": go_json.INT})
    assert str(refused.value) == message


def test_json_ignores_unknown_fields_null_and_what_follows() -> None:
    fields = {"model": go_json.STRING}
    assert go_json.decode(b' {"Model": "x", "other": 1} trailing', "R", fields).text("model") == "x"
    assert go_json.decode(b'{"model": null}', "R", fields).get("model") is None
    with pytest.raises(go_json.MissingBody):
        go_json.decode(b" \n", "R", fields)


@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        ('{"model": "x", "model": null}', {"model": "x"}),
        ('{"keep_alive": 0, "keep_alive": null}', {}),
        ('{"stream": false, "stream": null}', {}),
        ('{"raw": true, "raw": null}', {"raw": True}),
        ('{"options": {"a": 1, "b": {"c": 1}}, "options": {"b": {"d": 1}}}', {"options": {"a": 1, "b": {"d": 1}}}),
        ('{"options": {"a": 1}, "Options": {"b": 2}}', {"options": {"a": 1, "b": 2}}),
        ('{"options": {"a": 1}, "options": null, "options": {"b": 2}}', {"options": {"b": 2}}),
        ('{"\u212aEEP_ALIVE": 5, "option\u017f": {}}', {"keep_alive": 5, "options": {}}),
        ('{"\u0130d": 1, "MODEL": "y", "model": "z"}', {"model": "z"}),
    ],
)
def test_json_keys_that_are_there_twice_are_read_as_go_reads_them(body: str, decoded: dict[str, Any]) -> None:
    fields = {"model": go_json.STRING, "keep_alive": go_json.ANY, "stream": go_json.BOOL, "raw": go_json.BOOL, "options": go_json.OBJECT}
    request = go_json.decode(body.encode(), "R", fields)
    assert {name: request.get(name) for name in fields if request.get(name) is not None} == decoded


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (1_000_000_001, "1970-01-01T00:00:01.000000001Z"),
        (1_120_000_000, "1970-01-01T00:00:01.12Z"),
    ],
)
def test_timestamp_has_no_trailing_zeros(nanoseconds: int, text: str) -> None:
    assert go_time.rfc3339_nano(nanoseconds, utc=True) == text
