# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run make targets as gates, two more side by side than there are cores, and close with a table.

    python3 tests/tools/gates.py --alone molecule-machine molecule-default lint unit

Each of them waits for two fifths of its time: for hosts, timers and servers. What they need is there already (make setup), and none looks for
it. A gate that is to run alone comes first: a machine under emulation takes twice as long beside others, and they beside it.
Every gate runs, whatever became of the others. Its output is kept in .cache/logs/GATE.log; of one that passed only the closing lines of
its test runners are shown, of one that failed everything, and after the table once more what went wrong, since often only the end of a long
output is kept. CPU is the time that the gate's processes and its hosts had a core, in seconds: what a gate costs, however loaded the machine is.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
LOGS = TOP / ".cache/logs"
PLAIN = {"NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1", "COLUMNS": "160"}
TROUBLE = re.compile(r"^(?:E  |FAILED|ERROR|fatal:|failed:|CRITICAL|make: \*\*\*|\S+:\d+:)", re.MULTILINE)
MOST_TROUBLE = 15  # lines
CLOSING_LINE = re.compile(r"^=+ .*\b(?:passed|failed|error)\b.* =+$", re.MULTILINE)


@dataclasses.dataclass
class Outcome:
    """What became of one gate; `seconds` by the wall clock, `cpu` of all processes and of the hosts it booted, user and system."""

    gate: str
    passed: bool
    seconds: float
    cpu: float
    trouble: tuple[str, ...] = ()


def run_gate(gate: str) -> Outcome:
    """Run one make target and show what it said."""
    print(f"[ start ] {gate}", flush=True)
    started = time.monotonic()
    log = LOGS / f"{gate}.log"
    status, cpu = make(gate, log)
    said = log.read_text(encoding="utf-8", errors="replace")
    outcome = Outcome(gate, status == 0, time.monotonic() - started, cpu, summary(said) if status else ())
    shown = CLOSING_LINE.findall(said) if outcome.passed else said.splitlines()
    verdict = "  ok   " if outcome.passed else "FAILED "
    print("\n".join([*(f"{gate} | {line}" for line in shown), f"[{verdict}] {gate} {outcome.seconds:.0f} s, {cpu:.0f} s of CPU"]), flush=True)
    return outcome


def make(gate: str, log: pathlib.Path) -> tuple[int, float]:
    """The exit status of a make target, and the CPU time it took; its hosts, which are not its children, account for themselves."""
    hosts = log.with_suffix(".cpu")
    hosts.unlink(missing_ok=True)
    environment = {**os.environ, **PLAIN, "KEEPWARM_CPU_TIME": str(hosts), "KEEPWARM_IS_SET_UP": "1"}
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(["make", gate], cwd=TOP, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        dummy, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    of_hosts = sum(map(float, hosts.read_text(encoding="ascii").split())) if hosts.exists() else 0.0
    return process.returncode, used.ru_utime + used.ru_stime + of_hosts


def summary(said: str) -> tuple[str, ...]:
    """The last lines of a failed gate's output that name what went wrong; its last lines where none does."""
    lines = said.splitlines()
    telling = [line[:200] for line in lines if TROUBLE.match(line)]
    return tuple(telling[-MOST_TROUBLE:] or lines[-MOST_TROUBLE:])


def print_table(outcomes: list[Outcome]) -> None:
    """One line a gate, those that failed last, then what went wrong in them, and a plain closing line."""
    outcomes = sorted(outcomes, key=lambda outcome: not outcome.passed)
    print("\ngate                      seconds      CPU  result")
    for outcome in outcomes:
        result = "passed" if outcome.passed else f"FAILED, see .cache/logs/{outcome.gate}.log"
        print(f"{outcome.gate:<24} {outcome.seconds:>8.0f} {outcome.cpu:>8.0f}  {result}")
    print(f"{'all together':<24} {'':>8} {sum(outcome.cpu for outcome in outcomes):>8.0f}")
    print("\n".join(f"{outcome.gate} | {line}" for outcome in outcomes for line in outcome.trouble))
    failed = sum(not outcome.passed for outcome in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed")


def main() -> None:
    """Run the gates; the exit status is 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alone", action="append", default=[], metavar="GATE")
    parser.add_argument("gates", nargs="*", metavar="GATE")
    wanted = parser.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    outcomes = [run_gate(gate) for gate in wanted.alone]
    with concurrent.futures.ThreadPoolExecutor((os.cpu_count() or 1) + 2) as pool:
        outcomes += pool.map(run_gate, wanted.gates)
    print_table(outcomes)
    sys.exit(any(not outcome.passed for outcome in outcomes))


if __name__ == "__main__":
    main()
