# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's log lines in the form of the recordings, with what differs from run to run taken out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from .recording import Recording, Scenario

_LINE = re.compile(r"level=(?P<level>\w+) source=(?P<file>[\w.]+):\d+ msg=\"?(?P<text>.*)")
_NORMAL = (
    (re.compile(r"[^\s=\"]*/(?:models|store)\b(?=/blobs|\s)"), "@models"),
    (re.compile(r"OLLAMA_MODELS:\S+"), "OLLAMA_MODELS:@models"),
    (re.compile(r"[^\s\"]*/lib/ollama/"), "@prefix/lib/ollama/"),
    (re.compile(r"sha256-(?:@|[0-9a-f]{64})"), "sha256-@"),
    (re.compile(r"--port (?:N|\d+)"), "--port @"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:@"),
    (re.compile(r"\bpid=(?:N|\d+)"), "pid=@"),
    (re.compile(r"in \d+\.\d\d seconds"), "in @ seconds"),
    (re.compile(r"=\"\d+(?:\.\d)? (?:[KMG]i)?B\""), "=@bytes"),
)
_MACHINE = re.compile(r"(total|free|free_swap|available)=@bytes")


def normal(text: str) -> str:
    """A line without ports, process ids, sizes and times, which are the run's own."""
    for pattern, meant in _NORMAL:
        text = pattern.sub(meant, text)
    return text


def recorded(scenario: Scenario) -> Counter[str]:
    """All lines of a recorded scenario."""
    return Counter(_entry(line) for step in scenario.steps for line in step.get("log", ()))


def _entry(line: dict[str, Any]) -> str:
    return f"{line['level']} {line['source']} {normal(line['text'])}"


def of_interest(recording: Recording) -> set[str]:
    """The messages that the recorder kept; it dropped all others."""
    return {
        head(entry) for scenario in recording.scenarios for entry in recorded(scenario)
    }


def head(entry: str) -> str:
    """Level, file and message of a line, without its values."""
    level, file, text = entry.split(" ", 2)
    message = text.partition('"')[0] if '"' in text.partition("=")[0] else text.partition(" ")[0]
    return f"{level} {file} {message}"


def logged(lines: Iterable[str], interest: set[str]) -> Counter[str]:
    """The lines of interest of a server's own log."""
    return Counter(entry for entry in _entries(lines) if head(entry) in interest)


def _entries(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        match = _LINE.search(line.rstrip("\n"))
        if match:
            yield f"{match['level']} {match['file']} {normal(match['text'])}"
