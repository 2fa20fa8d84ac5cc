# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a run of site.yml where all is right, beside a play that deploys the usual drop-in, script and cron line; write it into docs/why.md.

    python3 tests/bench/fleet/by_hand.py [ROUNDS]

Each has a host of its own, and they take turns. It needs a machine with nothing else to do: the page states how busy it was.
"""

from __future__ import annotations

import datetime
import os
import pathlib
import re
import statistics
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "hosts")]

import container  # noqa: E402  (found by the line above, as the others are)
import ollama  # noqa: E402
from hosts import TOP, Fleet  # noqa: E402
from measure import Sample, run  # noqa: E402
from output import say  # noqa: E402

PAGE = TOP / "docs/why.md"
BY_HAND = str(HERE / "by_hand.yml")
PLAYS = {"by-hand": BY_HAND, "now": "keepwarm.ollama.site"}
MARKED = re.compile(r"(?<=<!-- figures: make bench-by-hand -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
Samples = dict[str, list[Sample]]


def boot(fleet: Fleet) -> None:
    """One host with Ollama, on which the next run of the fleet's play changes nothing."""
    host = fleet.hosts[0]
    container.boot(host, "trixie")
    ollama.install(host)
    container.podman("exec", host, "mkdir", "--parents", "/etc/cron.d")  # cron's package makes it
    fleet.settle(1, PLAYS[fleet.name])


def measure(fleets: list[Fleet], rounds: int) -> Samples:
    """All runs; the first round fills caches and is not counted."""
    taken = [{fleet.name: run(fleet, PLAYS[fleet.name], 1) for fleet in fleets} for dummy in range(rounds + 1)][1:]
    return {name: [turn[name] for turn in taken] for name in PLAYS}


def figures(samples: Samples, load: float, day: datetime.date) -> str:
    """The rows of the page, and where they were taken."""

    def row(words: str, key: str, unit: str) -> str:
        medians = (statistics.median(getattr(sample, key) for sample in samples[name]) for name in PLAYS)
        return f"| {words} | " + " | ".join(f"{median:.0f}{unit}" for median in medians) + " |\n"

    head = "| a run over one host where all is right | by hand | this collection |\n|---|---|---|\n"
    rows = row("takes", "wall", " s") + row("CPU of the controller", "cpu", " s") + row("tasks", "tasks", "")
    taken = f"Medians ({len(samples['now'])} runs each), taken on {day} on a machine with {os.cpu_count()} processors and a load of {load:.1f}."
    return f"{head}{rows}\n{taken}\n\n"


def write(text: str) -> None:
    """Put the figures in their place on the page."""
    page = PAGE.read_text(encoding="utf-8")
    found, count = MARKED.subn(lambda dummy: "\n" + text, page)
    if count != 1:
        sys.exit(f"bench: {PAGE} has {count} places for the figures.")
    PAGE.write_text(found, encoding="utf-8")


def main() -> None:
    """Boot both hosts, measure, and remove them, whatever happens."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        fleets = [Fleet(name, pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]), pathlib.Path(scratch)) for name in PLAYS]
        try:
            for fleet in fleets:
                say(f"Booting a host: {fleet.name}")
                boot(fleet)
            say(f"Measuring {rounds} rounds")
            text = figures(measure(fleets, rounds), load, datetime.datetime.now(datetime.timezone.utc).date())
        finally:
            container.remove([fleet.hosts[0] for fleet in fleets])
    write(text)
    print(text)


if __name__ == "__main__":
    main()
