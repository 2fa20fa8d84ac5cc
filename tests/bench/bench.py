# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the module and a pass of the agent cost, beside what people use instead. Started by `make bench`; docs/bench.md explains."""

from __future__ import annotations

import os
import platform
import re
import sys
import time

import after_restart
import bench_host
import container
import healthy_pass
import noop
from output import Goal, goals_table, say


def machine() -> str:
    """This machine, for whoever compares two runs."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = re.search(r"model name\s*: (.*)", file.read())
    load = "/".join(f"{average:.1f}" for average in os.getloadavg())
    return f"{processor.group(1) if processor else platform.machine()}, {os.cpu_count()} processors, Linux {platform.release()}, load {load}"


def measure() -> list[Goal]:
    """Everything, each with its table."""
    goals = []
    say("(a) The module where everything is resident, beside ansible.builtin.uri")
    text, reached = noop.report({connection: noop.measure(connection) for connection in noop.ROUNDS})
    print(text)
    goals += reached
    say("(b) A healthy pass of the agent, beside a curl script and a heartbeat loop")
    text, reached = healthy_pass.report(healthy_pass.measure())
    print(text)
    goals += reached
    say("(c) From a restart of the server to all models resident")
    text, reached = after_restart.report(after_restart.measure())
    print(text)
    return goals + reached


def main() -> None:
    """Make a host, measure, and remove it, whatever happens."""
    begun = time.monotonic()
    try:
        say("Booting a disposable host and making it warm with site.yml")
        bench_host.make()
        goals = measure()
    except (container.HostError, bench_host.BenchError) as error:
        sys.exit(f"bench: {error}")
    finally:
        bench_host.remove()
    say(f"On {machine()}; medians and quartiles, in {time.monotonic() - begun:.0f} s")
    print(goals_table(goals))


if __name__ == "__main__":
    main()
