# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from keepwarm._base.text import one_line

from .. import exits
from ..events import Event
from ..journal import WARNING
from .pending import Entry

_NEWS = ("pass", "drift_detected", "recovered", "conflict_resolved", "hold", "release", "hold_expired", "test")
"""The notices that are worth a message by themselves."""
_FINE = (exits.WORDS[exits.WARM], exits.WORDS[exits.UNDECLARED])
_LINES = 30
"""The most that a message has; endpoints take some thousand characters."""
_LONGEST = 600
"""Characters of one line."""
_NAMED = 3
"""The most models that a title names."""


@dataclass(frozen=True)
class Message:
    """`kind` is Apprise's: success, info, warning or failure."""

    kind: str
    title: str
    body: str


def is_news(events: Iterable[Event]) -> bool:
    """Whether they are worth a message: every warning is; what a pass did about one is told along with it."""
    return any(event.priority <= WARNING or event.name in _NEWS for event in events)


def news(entries: Iterable[Entry], result: str | None) -> tuple[list[Entry], str | None]:
    """The entries without what was told before: a pass that ended as `result`, the last one told, says. And the result after them."""
    left = []
    for entry in entries:
        events = []
        for event in entry.events:
            if event.name == "pass":
                repeated, result = event.fields.get("result") == result, event.fields.get("result")
                if repeated:
                    continue
            events.append(event)
        left.append(Entry(entry.name, entry.at, tuple(events)))
    return [entry for entry in left if is_news(entry.events)], result


def compose(entries: Sequence[Entry], host: str, instance: str) -> Message:
    """One message for all entries, which are at least one, the oldest first."""
    events = [event for entry in entries for event in entry.events]
    results = [str(event.fields["result"]) for event in events if event.name == "pass"]
    place = host if instance == "default" else f"{host} ({instance})"
    headline = results[-1] if results else _headline(events)
    lasts = bool(results) and headline not in _FINE
    about = _about(events)
    since = _clock(entries[0].at, "%Y-%m-%d %H:%M UTC")
    title = f"Ollama on {place}: {headline}{': ' + about if about else ''}, {'since' if lasts else 'at'} {since}"
    lines = [one_line(f"{_clock(entry.at, '%Y-%m-%d %H:%M:%S UTC')} {_line(event)}", _LONGEST) for entry in entries for event in entry.events]
    return Message(_kind(events, results), one_line(title), "\n".join(_bounded(lines)))


def _kind(events: Iterable[Event], results: Sequence[str]) -> str:
    if results:
        return "success" if results[-1] in _FINE else "failure"
    return "warning" if any(event.priority <= WARNING for event in events) else "info"


def _headline(events: Sequence[Event]) -> str:
    """The first of the most severe."""
    if {"drift_detected", "recovered"} <= {event.name for event in events}:
        return "left and came back"
    return _words(min(events, key=lambda event: event.priority).name)


def _about(events: Iterable[Event]) -> str:
    """Models and the cause of each, as far as they are told."""
    causes: dict[str, str] = {}
    for event in events:
        model, cause = event.fields.get("model"), event.fields.get("cause")
        if model and event.fields.get("declared") != "no":
            causes[str(model)] = str((cause if cause != "unknown" else "") or causes.get(str(model), ""))
    named = [f"{model} ({cause})" if cause else model for model, cause in causes.items()]
    return ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")


def _line(event: Event) -> str:
    fields = {key: value for key, value in event.fields.items() if value is not None}
    if list(fields) == ["reason"]:
        return f"{_words(event.name)}: {fields['reason']}"
    model = fields.pop("model", None)
    details = ", ".join(_details(fields))
    return " ".join(filter(None, [f"{_words(event.name)}:", str(model or ""), f"({details})" if model and details else details]))


def _details(fields: Mapping[str, Any]) -> Iterator[str]:
    for key, value in fields.items():
        yield f"{_words(key)} {value}"


def _bounded(lines: Sequence[str]) -> Sequence[str]:
    """The newest are those that hold."""
    left_out = len(lines) - _LINES
    return lines if left_out <= 0 else [f"{left_out} earlier lines are in the journal", *lines[left_out:]]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _clock(at: float, form: str) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime(form)
