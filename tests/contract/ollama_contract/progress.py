# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing the lines of a pull or a push: how many there are of one blob depends on how fast it went."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Line = dict[str, Any]
_OF_A_BLOB = re.compile(r"(?P<verb>pulling|pushing) (?P<digits>[0-9a-f]{12})$")
_ELIDED = "@elided"


def is_progress(lines: Any) -> bool:
    """Whether a recorded stream tells of blobs."""
    return isinstance(lines, list) and any(_blob_verb(line) for line in lines)


def differences(expected: list[Line], actual: list[Line]) -> Iterator[str]:
    """How the lines differ, apart from the digests and sizes of the models of this run; `@elided` is any lines of blobs
    and of their verification."""
    yield from (problem for line in actual for problem in _inconsistent(line))
    wanted, got = _collapsed(expected), _collapsed(actual)
    for place in [number for number, line in enumerate(wanted) if _ELIDED in line][:1]:
        rest = len(wanted) - place - 1
        elided = got[place : len(got) - rest]
        yield from (f"lines: {line!r} where blobs were elided" for line in elided if not _may_be_elided(line))
        wanted, got = wanted[:place] + wanted[place + 1 :], got[:place] + got[len(got) - rest :]
    yield from _compared(wanted, got)


def _compared(wanted: list[Line], got: list[Line]) -> Iterator[str]:
    if len(wanted) != len(got):
        yield f"lines: {got!r} instead of {wanted!r}"
        return
    for place, (left, right) in enumerate(zip(wanted, got)):
        if left != right and left != {**right, "all": False}:
            yield f"lines[{place}]: {right!r} instead of {left!r}"


def _collapsed(lines: list[Line]) -> list[Line]:
    """One line for each blob, the last: its verb and whether all of it was there. Other lines as they are."""
    found: list[tuple[str, Line]] = []
    for line in lines:
        verb = _blob_verb(line)
        entry = {"blob": verb, "all": line.get("completed") == line["total"]} if verb else line
        if verb and found and found[-1][0] == line["status"]:
            found.pop()
        found.append((str(line.get("status")), entry))
    return [entry for status, entry in found]


def _blob_verb(line: Line) -> str:
    match = _OF_A_BLOB.match(str(line.get("status")))
    return match["verb"] if match else ""


def _may_be_elided(line: Line) -> bool:
    return "blob" in line or line == {"status": "verifying sha256 digest"}


def _inconsistent(line: Line) -> Iterator[str]:
    match = _OF_A_BLOB.match(str(line.get("status")))
    if not match:
        return
    if not re.fullmatch(f"sha256:{match['digits']}[0-9a-f]{{52}}", str(line.get("digest"))):
        yield f"lines: {line!r} has another digest than its status"
    if not 0 <= line.get("completed", 0) <= line.get("total", -1):
        yield f"lines: {line!r} has more completed than there is"
