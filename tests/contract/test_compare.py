# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison accepts what the placeholders allow, and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ollama_contract.compare import Frame, differences, epoch, log_differences
from ollama_contract.journal import head, logged, normal

NOW = epoch("2026-08-22T08:00:00Z")
FRAME = Frame({"tiny-a:latest": "a" * 64}, NOW)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("@timestamp", "2026-08-22T10:00:00.123456789+02:00"),
        ("@in:300s", "2026-08-22T08:05:02.9Z"),
        ("@in:0s", "2026-08-22T07:59:58Z"),
        ("@forever", "2318-12-02T09:47:16.978231264Z"),
        ("@digest:tiny-a:latest", "a" * 64),
        ("@digest:?", "b" * 64),
        ("@vector:2", [0.5, -0.5]),
        ("@text", "x"),
        ("@ns", 0),
        ("FROM $HOME/models/blobs/sha256-@\n", f"FROM /somewhere/models/blobs/sha256-{'c' * 64}\n"),
        ("using existing layer sha256:@", f"using existing layer sha256:{'d' * 64}"),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        ({"size": "@bytes", "size_vram": "@bytes"}, {"size": 7, "size_vram": 0}),
        ({"size": "@bytes", "size_vram": 0}, {"size": 7, "size_vram": 7}),
    ],
)
def test_agreement(expected: Any, actual: Any) -> None:
    assert list(differences(expected, actual, FRAME)) == []


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("@timestamp", "2026-08-22 08:00:00"),
        ("@in:300s", "2026-08-22T08:05:03.1Z"),
        ("@in:300s", "2318-12-02T09:47:16Z"),
        ("@forever", "2036-08-22T08:00:00Z"),
        ("@digest:tiny-a:latest", "b" * 64),
        ("@digest:?", "b" * 63),
        ("@vector:2", [0.5]),
        ("@text", ""),
        ("@int", True),
        ("@int", 1.0),
        ("@bytes", -1),
        ("@unheard-of", "x"),
        ("a.c", "abc"),
        (True, 1),
        (0, False),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ([1, 2], [1, 1]),
        ([1], [1, 1]),
    ],
)
def test_difference(expected: Any, actual: Any) -> None:
    assert len(list(differences(expected, actual, FRAME))) == 1


def resident(name: str, expires_at: str) -> dict[str, str]:
    return {"name": name, "expires_at": expires_at}


def test_residents_of_one_expiry_come_in_any_order() -> None:
    expected = {"models": [resident("a", "@forever"), resident("b", "@forever")]}
    actual = {"models": [resident("b", "2318-12-02T09:47:16.9Z"), resident("a", "2318-12-02T09:47:16.1Z")]}
    assert list(differences(expected, actual, FRAME)) == []


def test_residents_come_in_the_order_of_their_expiry() -> None:
    expected = {"models": [resident("a", "@forever"), resident("b", "@in:300s")]}
    actual = {"models": [resident("b", "2026-08-22T08:05:00Z"), resident("a", "2318-12-02T09:47:16Z")]}
    assert "not in the order of expiry" in next(differences(expected, actual, FRAME))


def test_log_lines_are_counted() -> None:
    found = list(log_differences(Counter({"INFO a": 2, "INFO b": 1}), Counter({"INFO a": 1, "INFO c": 1})))
    assert found == ["log: 1 missing of: INFO a", "log: 1 missing of: INFO b", "log: 1 too many of: INFO c"]


def test_log_line_keeps_its_values_but_not_those_of_the_run() -> None:
    line = 'loaded" pid=4711 size="7.3 MiB" model=/tmp/x/models/blobs/sha256-' + "0" * 64 + " count=2"
    assert normal(line) == 'loaded" pid=@ size=@bytes model=@models/blobs/sha256-@ count=2'


def test_only_messages_that_the_recorder_kept_are_looked_at() -> None:
    lines = [
        'time=x level=DEBUG source=sched.go:1 msg="unload completed" runner.pid=1',
        'time=x level=DEBUG source=sched.go:2 msg=reloading runner.pid=1',
        'time=x level=INFO source=sched.go:3 msg="never recorded"',
        "[GIN] 2026/08/22",
    ]
    interest = {"DEBUG sched.go unload completed", "DEBUG sched.go reloading"}
    assert {head(entry) for entry in logged(lines, interest)} == interest
