# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message says."""

from __future__ import annotations

from typing import Any

import pytest
from ollama_warmup.events import Event
from ollama_warmup.notify.message import compose, news
from ollama_warmup.notify.pending import Entry

NOON = 1795262400.0  # 2026-11-21 12:00 UTC


def entry(*events: Event, name: str = "1", at: float = NOON) -> Entry:
    return Entry(name, at, events)


def result(word: str) -> Event:
    return Event(5, "pass", {"result": word, "seconds": 2.0, "models": 1})


DEPARTED = Event(4, "drift_detected", {"model": "a:latest", "drift": "not_loaded", "cause": "evicted", "evidence": "inferred", "by": None})
BACK = Event(5, "recovered", {"model": "a:latest", "cause": "evicted", "seconds": 12.5})
COLD = Event(3, "not_warm", {"reason": "a:latest: the load failed"})


@pytest.mark.parametrize(
    ("entries", "kind", "title"),
    [
        ([entry(COLD, result("not warm"))], "failure", "Ollama on gpu1: not warm, since 2026-11-21 12:00 UTC"),
        ([entry(DEPARTED, COLD, result("not warm"))], "failure", "Ollama on gpu1: not warm: a:latest (evicted), since 2026-11-21 12:00 UTC"),
        ([entry(BACK, result("warm"))], "success", "Ollama on gpu1: warm: a:latest (evicted), at 2026-11-21 12:00 UTC"),
        ([entry(DEPARTED)], "warning", "Ollama on gpu1: drift detected: a:latest (evicted), at 2026-11-21 12:00 UTC"),
        ([entry(DEPARTED, BACK)], "warning", "Ollama on gpu1: left and came back: a:latest (evicted), at 2026-11-21 12:00 UTC"),
        ([entry(COLD, result("not warm")), entry(result("warm"), at=NOON + 60)], "success", "Ollama on gpu1: warm, at 2026-11-21 12:00 UTC"),
        ([entry(result("nothing declared"))], "success", "Ollama on gpu1: nothing declared, at 2026-11-21 12:00 UTC"),
        ([entry(Event(5, "hold", {"reason": "new GPU"}))], "info", "Ollama on gpu1: hold, at 2026-11-21 12:00 UTC"),
    ],
)
def test_the_title_says_where_what_which_and_since_when(entries: list[Entry], kind: str, title: str) -> None:
    message = compose(entries, "gpu1", "default")
    assert (message.kind, message.title) == (kind, title)


def test_another_instance_is_named() -> None:
    assert compose([entry(DEPARTED)], "gpu1", "two").title.startswith("Ollama on gpu1 (two): drift detected")


def test_many_models_are_counted() -> None:
    gone = [Event(4, "drift_detected", {"model": f"{letter}:latest", "cause": "unknown"}) for letter in "abcde"]
    assert ": a:latest, b:latest, c:latest and 2 more," in compose([entry(*gone)], "gpu1", "default").title


def test_the_body_has_a_line_for_each_event() -> None:
    entries = [entry(DEPARTED, COLD), entry(Event(4, "warning", {"reason": "b spilled", "extra": None}), at=NOON + 1)]
    assert compose(entries, "gpu1", "default").body.splitlines() == [
        "2026-11-21 12:00:00 UTC drift detected: a:latest (drift not_loaded, cause evicted, evidence inferred)",
        "2026-11-21 12:00:00 UTC not warm: a:latest: the load failed",
        "2026-11-21 12:00:01 UTC warning: b spilled",
    ]


def test_a_long_body_keeps_what_is_newest() -> None:
    lines = compose([entry(Event(4, "warning", {"reason": str(number)}), at=NOON) for number in range(50)], "gpu1", "default").body.splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("20 earlier lines are in the journal", "2026-11-21 12:00:00 UTC warning: 49", 31)


CASES: list[tuple[list[list[Event]], str | None, list[list[str]], str | None]] = [
    ([[result("warm")]], "warm", [], "warm"),
    ([[result("warm")]], "not warm", [["pass"]], "warm"),
    ([[result("warm")]], None, [["pass"]], "warm"),
    ([[result("not warm")], [result("not warm"), COLD]], "warm", [["pass"], ["not_warm"]], "not warm"),
    ([[Event(5, "load"), result("warm")]], "warm", [], "warm"),  # the acts alone are no news
    ([[DEPARTED]], "warm", [["drift_detected"]], "warm"),
]


@pytest.mark.parametrize(("told", "last", "left", "then"), CASES)
def test_what_was_told_is_not_told_again(told: list[list[Event]], last: str | None, left: list[list[str]], then: Any) -> None:
    entries, now = news([entry(*events) for events in told], last)
    assert ([[event.name for event in found.events] for found in entries], now) == (left, then)
