# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what a second run of site.yml and a run of status.yml cost the controller, over one host and over eight.

    python3 tests/bench/fleet/measure.py [ROUNDS]

Beside it, in the same run and on hosts of its own, the collection as it was at a former commit, and a play that gathers facts and pings.
"""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "hosts")]

import container  # noqa: E402  (found by the line above, as the others are)
from hosts import SIZE, Fleet, former_collections  # noqa: E402
from output import say, table  # noqa: E402

FORMER = "c848c6f"
SIZES = (1, SIZE)
PLAYS = {"site": "keepwarm.ollama.site", "status": "keepwarm.ollama.status"}
PING = {"ping": str(HERE / "ping.yml")}


@dataclass(frozen=True)
class Sample:
    """One run: seconds of CPU of the controller's processes and of the wall, and what its first host was asked."""

    cpu: float
    wall: float
    tasks: int
    modules: int


Samples = dict[tuple[str, str, int], list[Sample]]


def run(fleet: Fleet, playbook: str, size: int) -> Sample:
    """One run of a playbook, which must change nothing."""
    counted = fleet.folder / "count.json"
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(fleet.collections),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "count",
        "ANSIBLE_FORKS": str(SIZE),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_NOCOLOR": "true",
        "COUNT_FILE": str(counted),
        "COUNT_HOST": fleet.hosts[0],
    }
    command = ["ansible-playbook", f"--inventory={fleet.inventory(size)}", playbook]
    begun, before = time.monotonic(), os.times()
    done = subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wall, after = time.monotonic() - begun, os.times()
    count = json.loads(counted.read_text(encoding="utf-8"))
    if done.returncode or count["changed"]:
        sys.exit(f"bench: {playbook} failed, or changed something, on the hosts {fleet.name}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Sample(cpu, wall, count["tasks"], count["modules"])


def measure(fleets: list[Fleet], rounds: int) -> Samples:
    """All runs, taking turns, so that a busy moment weighs on all; the first round fills caches and is not counted."""
    samples: Samples = {}
    for number in range(rounds + 1):
        for size in SIZES:
            for fleet, name, playbook in _turns(fleets):
                sample = run(fleet, playbook, size)
                if number:
                    samples.setdefault((fleet.name, name, size), []).append(sample)
    return samples


def _turns(fleets: list[Fleet]) -> Iterator[tuple[Fleet, str, str]]:
    for fleet in fleets:
        yield from ((fleet, name, playbook) for name, playbook in PLAYS.items())
    yield from ((fleets[0], name, playbook) for name, playbook in PING.items())


def report(samples: Samples) -> str:
    """Medians: CPU a host beside the former commit and beside the ping."""
    rows = []
    for (fleet, name, size), taken in samples.items():
        cpu = statistics.median(sample.cpu for sample in taken) / size
        beside = [_cpu(samples, other, size) for other in (("former", name), (fleet, "ping"))]
        ratios = [f"{cpu / other:.2f}" if other else "not measured" for other in beside]
        wall = statistics.median(sample.wall for sample in taken)
        rows.append([name, fleet, str(size), str(taken[0].tasks), str(taken[0].modules), f"{cpu:.2f}", f"{wall:.1f}", *ratios])
    return table(("PLAY", "OF", "HOSTS", "TASKS", "MODULES", "CPU S A HOST", "WALL S", "CPU / FORMER", "CPU / PING"), sorted(rows))


def _cpu(samples: Samples, of: tuple[str, str], size: int) -> float:
    taken = samples.get((*of, size), samples.get(("now", of[1], size), []) if of[1] == "ping" else [])
    return statistics.median(sample.cpu for sample in taken) / size if taken else 0


def main() -> None:
    """Boot the fleets, measure, and remove them, whatever happens."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        fleets = [Fleet("now", pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]), folder)]
        former = former_collections(FORMER, folder)
        if former:
            fleets.append(Fleet("former", former, folder))
        else:
            say(f"The commit {FORMER} is not in this clone: what it cost is not measured")
        try:
            for fleet in fleets:
                say(f"Booting {SIZE} hosts and making them warm: {fleet.name}")
                fleet.boot()
            say(f"Measuring {rounds} rounds")
            print(report(measure(fleets, rounds)))
        finally:
            container.remove([host for fleet in fleets for host in fleet.hosts])


if __name__ == "__main__":
    main()
