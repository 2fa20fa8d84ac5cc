# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """One goal and what was measured."""

    goal: str
    measured: str
    met: bool


def say(sentence: str) -> None:
    """Tell the user what comes next."""
    print(f"\n==> {sentence}", flush=True)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def goals_table(goals: Sequence[Goal]) -> str:
    """The goals, and whether each was met."""
    return table(("GOAL", "MEASURED", ""), [(goal.goal, goal.measured, "met" if goal.met else "MISSED") for goal in goals])
