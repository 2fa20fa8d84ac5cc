# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings as a table and a plot; docs/cold-exposure.md gets the table between its two marks, so that text and run agree.

python3 report.py RESULT.json PLOT.svg DOCUMENT.md
"""

from __future__ import annotations

import json
import pathlib
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from contestants import TITLES
from scale import LOAD, WINDOW

_BEGIN, _END = "<!-- exposure: written by make bench-exposure -->", "<!-- end of exposure -->"
_COLOURS = ("#9e9e9e", "#e0a458", "#c8553d", "#4f8fc0", "#1b5e8c", "#2e7d4f")


def cell(seconds: Sequence[float]) -> str:
    """The mean of the rounds, and the least and the most of them where they differ."""
    low, mean, high = (f"{value:.0f}" for value in (min(seconds), statistics.mean(seconds), max(seconds)))
    return mean if low == high else f"{mean} ({low}-{high})"


def table(found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """For a Markdown document; the least of each row is set in bold."""
    lines = ["| after | " + " | ".join(TITLES.values()) + " |", "|---" * (len(TITLES) + 1) + "|"]
    for event, rows in found.items():
        least = min(statistics.mean(rows[name]) for name in TITLES)
        cells = [f"**{cell(rows[name])}**" if statistics.mean(rows[name]) == least else cell(rows[name]) for name in TITLES]
        lines.append(f"| {event} | " + " | ".join(cells) + " |")
    total = {name: sum(statistics.mean(rows[name]) for rows in found.values()) for name in TITLES}
    lines.append("| all seven | " + " | ".join(f"{seconds:.0f}" for seconds in total.values()) + " |")
    return "\n".join(lines)


def text(result: Mapping[str, Any]) -> str:
    """What stands between the marks."""
    return (
        f"{result['date']}, {result['rounds']} rounds, time divided by {result['factor']}, {result['took'] / 60:.0f} minutes. Seconds of a real host,"
        f" of the {WINDOW:.0f} after each event, in which a declared model would not have answered at once: the mean of the rounds (least-most).\n\n"
        f"{table(result['exposure'])}\n"
    )


def plot(result: Mapping[str, Any], path: str) -> None:
    """Bars by event; each round is a dot on its bar."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "keepwarm"  # the same picture from the same figures
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(11, 5))
    found = result["exposure"]
    width = 0.8 / len(TITLES)
    for place, (name, title) in enumerate(TITLES.items()):
        at = [number + (place - (len(TITLES) - 1) / 2) * width for number in range(len(found))]
        axes.bar(at, [statistics.mean(rows[name]) for rows in found.values()], width * 0.92, label=title, color=_COLOURS[place])
        for x, rows in zip(at, found.values()):
            axes.plot([x] * len(rows[name]), rows[name], ".", color="black", markersize=3)
    axes.set_xticks(range(len(found)), list(found))
    axes.set_ylabel(f"seconds cold, of {WINDOW:.0f} after the event")
    axes.set_title(f"Cold exposure, two models that load in {LOAD:.0f} s, stand-in server, time divided by {result['factor']}")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.07), ncol=len(TITLES))
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def write(document: pathlib.Path, said: str) -> None:
    """Replace what is between the marks."""
    before, _begin, rest = document.read_text(encoding="utf-8").partition(_BEGIN)
    _old, _end, after = rest.partition(_END)
    document.write_text(f"{before}{_BEGIN}\n{said}{_END}{after}", encoding="utf-8")


def main() -> None:
    """All three."""
    result = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(table(result["exposure"]))
    plot(result, sys.argv[2])
    write(pathlib.Path(sys.argv[3]), text(result))


if __name__ == "__main__":
    main()
