# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that look like inputs of ours and are none: a misspelt one has no effect, and nothing would say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from ansible.utils.display import Display

from ._input_specs import PREFIXES, known_names

_FAR = 2
"""So many letters more, less, other or changed about make a name another one."""
SILENCED_BY = "keepwarm_known_variables"


def name_problems(names: Iterable[str], known: Any = ()) -> list[str]:
    """One sentence for each name that is nearly one of ours; the others are one warning."""
    if isinstance(known, str):  # with -e key=value
        known = [name.strip() for name in known.split(",")]
    if known is not None and not isinstance(known, (list, tuple)):
        return [f"{SILENCED_BY} is {known!r}, not a list: give the names of variables that are not of this collection"]
    judged = set(names) - set(known or ())
    others = unknown(judged)
    if others:
        Display().warning(f"{', '.join(others)}: no variable of keepwarm.ollama has that name, so it has no effect there; list in {SILENCED_BY} what is yours")
    return [
        f"{name} is no variable of keepwarm.ollama: {meant} is meant; write that, or list {name} in {SILENCED_BY} if it is yours"
        for name, meant in misspelt(judged)
    ]


def misspelt(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name that is nearly one of an input, and that input."""
    for name in sorted(set(names) - known_names()):
        meant = _nearest(name)
        if meant:
            yield name, meant


def unknown(names: Iterable[str]) -> list[str]:
    """The names that begin as inputs do, and are near none."""
    return [name for name in sorted(set(names) - known_names()) if name.startswith(PREFIXES) and not _nearest(name)]


@cache
def _nearest(name: str) -> str | None:
    near = [known for known in known_names() if abs(len(known) - len(name)) <= _FAR]
    distances = sorted((_distance(name.lower(), known), known) for known in near)
    return distances[0][1] if distances and distances[0][0] <= _FAR else None


def _distance(one: str, other: str) -> int:
    """How many letters have to be put in, left out, replaced or changed about with the next (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and (letter, one[row - 2]) == (other[column - 2], wanted):
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, last = last, current
    return last[-1]
