# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown in a terminal: lines as wide as it is, and colours for states, each beside its word."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keepwarm._base.text import one_line, printable
from keepwarm._residency.report.tables import render

RED, YELLOW, GREEN = "31", "33", "32"
_LEAST_NEEDED = ("CONTEXT", "PROCESSOR", "POLICY", "UNTIL")
"""The columns that a narrow terminal does without, in this order."""
_LEAST_WIDTHS = {"MODEL": 20, "DRIFT": 12}
"""The columns whose cells are shortened, and to what at most."""
_NARROWEST = 20
_USUAL = os.terminal_size((80, 24))


@dataclass(frozen=True)
class Terminal:
    """`columns` and `lines` are None where what is written is no terminal, and nothing is fitted."""

    columns: int | None = None
    lines: int | None = None
    colours: bool = False

    def paint(self, text: str, colour: str | None) -> str:
        """In that colour."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colours and colour and text else text

    def text(self, line: str, colour: str | None = None, word: str = "") -> list[str]:
        """A line of text that may be long, broken where the terminal ends; the first time that the word is in it, it has the colour."""
        safe = printable(line)
        wrapped = [safe]
        if self.columns and len(safe) > self.columns:
            wrapped = textwrap.wrap(safe, max(self.columns, _NARROWEST), subsequent_indent="  ")
        before, found, after = wrapped[0].partition(word) if word else (wrapped[0], "", "")
        return [before + self.paint(found, colour) + after, *wrapped[1:]]

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str | None], column: str) -> list[str]:
        """A table as wide as the terminal, in which each row's cell of that column has the row's colour."""
        rows = [[one_line(cell) for cell in row] for row in rows]
        shown = [head for head in heads if head not in self._dropped(heads, rows)]
        places = [heads.index(head) for head in shown]
        cells = self._shortened(shown, [[row[place] for place in places] for row in rows])
        first, *lines = render(shown, cells).splitlines()
        begin, place = first.index(column), shown.index(column)
        return [first, *(self._painted(line, begin, len(row[place]), colour) for line, row, colour in zip(lines, cells, colours))]

    def _painted(self, line: str, begin: int, length: int, colour: str | None) -> str:
        return line[:begin] + self.paint(line[begin : begin + length], colour) + line[begin + length :]

    def _dropped(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Sequence[str]:
        """As few columns as need be."""
        least = {head: min(width, _LEAST_WIDTHS.get(head, width)) for head, width in _widths(heads, rows).items()}
        for count in range(len(_LEAST_NEEDED)):
            kept = [width + 2 for head, width in least.items() if head not in _LEAST_NEEDED[:count]]
            if self.columns is None or sum(kept) - 2 <= self.columns:
                return _LEAST_NEEDED[:count]
        return _LEAST_NEEDED

    def _shortened(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
        widths = dict(_widths(heads, rows))
        for head in ("DRIFT", "MODEL"):
            surplus = sum(widths.values()) + 2 * (len(widths) - 1) - (self.columns or sys.maxsize)
            if head in widths and surplus > 0:
                widths[head] = max(widths[head] - surplus, min(widths[head], _LEAST_WIDTHS[head]))
        return [[_cut(cell, widths[head]) for head, cell in zip(heads, row)] for row in rows]


PLAIN = Terminal()


def this_terminal(no_color: bool = False) -> Terminal:
    """What standard output is, as it is now: a window may change its size."""
    if not sys.stdout.isatty():
        return PLAIN
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        size = _USUAL
    plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Terminal(size.columns or _USUAL.columns, size.lines or _USUAL.lines, colours=not plain)


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Mapping[str, int]:
    return {head: max(len(head), *(len(row[place]) for row in rows)) for place, head in enumerate(heads)}


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else cell[: width - 3] + "..."
