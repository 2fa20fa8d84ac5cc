# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""(c) From `systemctl restart ollama` to all models resident, beside a program that waits ready and only sends the loads.

What that program needs is the server's own time to answer and the loads themselves; what it takes longer with the agent is the agent's,
including what the agent's start takes from the server's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import bench_host
from bench_host import PROGRAMS
from output import Goal, table
from samples import difference, ratio, spread

ROUNDS = 7
GOAL = 1.0  # seconds
UNIT = "ollama-warmup.service"


@dataclass
class Restarts:
    """Seconds from the restart, round by round: until the server answered, and until all were resident."""

    answered: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)


def measure() -> dict[str, Restarts]:
    """The two take turns."""
    found = {"bare": Restarts(), "agent": Restarts()}
    for _round in range(ROUNDS):
        for who, restarts in found.items():
            _take_turn(who, restarts)
    return found


def _take_turn(who: str, restarts: Restarts) -> None:
    bench_host.on_host("systemctl", "--quiet", "enable" if who == "agent" else "disable", UNIT)
    seconds = json.loads(bench_host.on_host("python3", "-I", f"{PROGRAMS}/restart.py", who, json.dumps(bench_host.MODELS)))
    restarts.answered.append(seconds["answered"])
    restarts.resident.append(seconds["resident"])
    if who == "agent":
        bench_host.on_host("ollama-warmup", "wait", "--timeout", "60")


def report(found: dict[str, Restarts]) -> tuple[str, list[Goal]]:
    """The table, and the goal."""
    bare, agent = found["bare"], found["agent"]
    rows = [
        (who, spread(restarts.answered).text(), spread(restarts.resident).text(), ratio(restarts.resident, bare.resident).text())
        for who, restarts in found.items()
    ]
    beyond = difference(agent.resident, bare.resident)
    goal = Goal(f"(c) restart to resident, beyond the server's time: under {GOAL:g} s", f"{beyond.text()} s", beyond.median < GOAL)
    return table(("WHO LOADS", "SERVER ANSWERS AFTER S", "ALL RESIDENT AFTER S", "/ BARE"), rows), [goal]
