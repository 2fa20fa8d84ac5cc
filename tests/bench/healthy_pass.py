# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""(b) What a pass costs that finds everything as declared, beside the scripts that people copy: CPU, memory, and what the server had to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import bench_host
from bench_host import CONTEXTS, PROGRAMS, BenchError
from output import Goal, table
from samples import ratio, spread

ROUNDS = 7
CPU_MS, PEAK_MB = 150, 40
HEALTHY = {"GET /api/ps": 1, "GET /api/tags": 1}
UNIT = "ollama-warmup.service"
_LIBRARY = "only importing requests"


def contestants() -> dict[str, Sequence[str]]:
    """The commands by their names in the table."""
    condition, run = _programs_of_a_pass()
    return {
        "agent": ("sh", "-c", f"{condition} && {run}"),
        "agent, without its ExecCondition": ("sh", "-c", f"exec {run}"),
        "curl, keep_alive -1": ("sh", f"{PROGRAMS}/curl_keep_alive.sh", *CONTEXTS),
        "heartbeat, num_ctx 1": ("python3", f"{PROGRAMS}/heartbeat.py", "1", *CONTEXTS),
        _LIBRARY: ("python3", "-I", "-c", "import requests"),
    }


def _programs_of_a_pass() -> tuple[str, str]:
    """What the unit starts, each in a process of its own; a dollar sign is doubled in a unit file."""
    text = bench_host.on_host("systemctl", "cat", UNIT).replace("$$", "$")
    unit = dict(line.split("=", 1) for line in text.splitlines() if line.startswith("Exec"))
    return unit["ExecCondition"], unit["ExecStart"]


@dataclass
class Findings:
    """Of one contestant, round by round."""

    cpu_ms: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    did: list[dict[str, Any]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)


def measure() -> dict[str, Findings]:
    """All contestants, taking turns; each finds every model as declared."""
    commands = contestants()
    found = {name: Findings() for name in commands}
    for _round in range(ROUNDS):
        for name, command in commands.items():
            _take_turn(found[name], command)
    return found


def _take_turn(found: Findings, command: Sequence[str]) -> None:
    if bench_host.as_declared() < len(CONTEXTS):
        bench_host.make_a_pass()
        if bench_host.as_declared() < len(CONTEXTS):
            raise BenchError("The agent has not put back what the turn before left behind, so that the next one would not find a healthy host.")
    bench_host.counters(reset=True)
    used = json.loads(bench_host.on_host("python3", "-I", f"{PROGRAMS}/measure.py", *command, user=bench_host.USER))
    if used["status"]:
        raise BenchError(f"{' '.join(command)} ended with status {used['status']}.")
    found.did.append(bench_host.counters())
    found.cpu_ms.append(used["cpu_ms"])
    found.peak_mb.append(used["peak_mb"])
    found.kept.append(bench_host.as_declared())


def report(found: dict[str, Findings]) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    agent = found["agent"]
    rows = [_row(name, findings, agent) for name, findings in found.items()]
    cpu, peak = spread(agent.cpu_ms), max(agent.peak_mb)
    library = spread(found[_LIBRARY].cpu_ms)
    goals = [
        Goal("(b) healthy pass: asks for ps and tags, once each", _requests(agent), all(did["requests"] == HEALTHY for did in agent.did)),
        Goal(f"(b) healthy pass: CPU under {CPU_MS} ms", f"{cpu.text(0)} ms; only importing requests {library.text(0)} ms", cpu.median < CPU_MS),
        Goal(f"(b) healthy pass: peak memory under {PEAK_MB} MB", f"{peak:.1f} MB", peak < PEAK_MB),
    ]
    return table(("ONE ROUND OF", "CPU MS", "/ AGENT", "PEAK MB", "REQUESTS", "LOADS", "AS DECLARED AFTER"), rows), goals


def _row(name: str, findings: Findings, agent: Findings) -> tuple[str, ...]:
    loads = sorted({sum(did["loads"].values()) for did in findings.did})
    return (
        name,
        spread(findings.cpu_ms).text(0),
        ratio(findings.cpu_ms, agent.cpu_ms).text(),
        f"{max(findings.peak_mb):.1f}",
        _requests(findings),
        " or ".join(map(str, loads)),
        f"{min(findings.kept)} of {len(CONTEXTS)}",
    )


def _requests(findings: Findings) -> str:
    """What was asked for in every round; each way, if rounds differ."""
    seen = {", ".join(f"{count} {request}" for request, count in did["requests"].items()) or "none" for did in findings.did}
    return "; or ".join(sorted(seen))
