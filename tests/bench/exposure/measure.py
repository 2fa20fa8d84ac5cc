# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cold exposure: for how long after each thing that happens a declared model would not have answered at once. Started by `make bench-exposure`;
docs/cold-exposure.md explains.

    python3 measure.py RESULT.json [ROUNDS]
"""

from __future__ import annotations

import json
import pathlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import contestants
import events
from scale import FACTOR, PERIOD, PINS, WINDOW

ROUNDS = 3
Findings = dict[str, dict[str, list[float]]]


class SamplesMissing(Exception):
    """The program that takes them ended."""


def exposure(seen: list[tuple[float, frozenset[str]]], begun: float) -> float:
    """Seconds of a real host within the window in which a pin was not usable; a sample counts until the next one."""
    end = begun + WINDOW / FACTOR
    if not seen or seen[-1][0] < end - 1:
        raise SamplesMissing("the samples end before the window does")
    times = [moment for moment, _usable in seen] + [end]
    cold = 0.0
    for (moment, usable), after in zip(seen, times[1:]):
        if not set(PINS) <= usable:
            cold += max(0.0, min(after, end) - max(moment, begun))
    return round(cold * FACTOR, 1)


def take_turn(event: str, name: str, offset: float) -> tuple[str, float]:
    """Of one contestant: its exposure to one event, that comes at any moment of its periods."""
    events.make_warm(name)
    time.sleep(offset)
    begun = events.happen(event, name)
    time.sleep(max(0.0, begun + WINDOW / FACTOR - time.time()) + 0.3)
    return name, exposure(events.samples(name), begun)


def measure(rounds: int) -> Findings:
    """All contestants side by side, event by event."""
    found: Findings = {event: {name: [] for name in contestants.CONTESTANTS} for event in events.EVENTS}
    for turn in range(rounds):
        for event in events.EVENTS:
            offset = turn * PERIOD / FACTOR / rounds
            with ThreadPoolExecutor(len(contestants.CONTESTANTS)) as pool:
                outcomes = dict(pool.map(lambda name, event=event, offset=offset: take_turn(event, name, offset), contestants.CONTESTANTS))
            for name, seconds in outcomes.items():
                found[event][name].append(seconds)
            print(f"round {turn + 1}, {event}: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in outcomes.items()), flush=True)
    return found


def main() -> None:
    """Make the hosts, measure, and remove them, whatever happens."""
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    begun = time.monotonic()
    try:
        contestants.make()
        found: dict[str, Any] = {"exposure": measure(rounds)}
    finally:
        contestants.remove()
    found.update(date=f"{datetime.now(timezone.utc):%Y-%m-%d}", rounds=rounds, factor=FACTOR, took=round(time.monotonic() - begun))
    pathlib.Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
