# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""(a) The module on a host where everything is resident, beside ansible.builtin.uri: the durations of tasks that take turns in one play."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator
from xml.etree import ElementTree

import bench_host
from bench_host import HERE, BenchError
from output import Goal, table
from samples import ratio, spread

ROUNDS = {"local": 20, "ssh": 12}
GOAL = 1.5
_CONTESTANTS = ("uri", "ollama_warm", "ping")
_PREFIX = "Measure "
Durations = dict[str, list[float]]


def measure(connection: str) -> Durations:
    """Seconds of each contestant's task, round by round."""
    with tempfile.TemporaryDirectory() as reports:
        command = _command(connection, reports)
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise BenchError(f"the play of no-ops failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
        return _durations(reports)


def _command(connection: str, reports: str) -> list[str]:
    variables = {
        "ansible_connection": connection,
        "ansible_user": "root",
        "ansible_ssh_args": f"-F {os.environ['KEEPWARM_SSH_CONFIG']}",
        "ansible_python_interpreter": {"local": "{{ ansible_playbook_python }}", "ssh": "/usr/bin/python3"}[connection],
        "noop_rounds": ROUNDS[connection] + 1,
        "noop_models": [{"name": name, "num_ctx": context} for name, context in bench_host.CONTEXTS.items()],
    }
    play = ["ansible-playbook", f"--inventory={bench_host.HOST},", f"--extra-vars={json.dumps(variables)}", f"{HERE}/noop/play.yml"]
    command = ["env", *_environment(reports), *play]
    return bench_host.in_namespaces(*command) if connection == "local" else command


def _environment(reports: str) -> Iterator[str]:
    """For env, since sudo passes none on. A task that changes something is no no-op: it fails in the report."""
    yield from (f"{name}={os.environ[name]}" for name in ("PATH", "ANSIBLE_COLLECTIONS_PATH"))
    yield from ("ANSIBLE_PIPELINING=true", "ANSIBLE_NOCOLOR=true", "ANSIBLE_CALLBACKS_ENABLED=ansible.builtin.junit")
    yield from (f"JUNIT_OUTPUT_DIR={reports}", f"JUNIT_TEST_CASE_PREFIX={_PREFIX}", "JUNIT_FAIL_ON_CHANGE=true", "JUNIT_HIDE_TASK_ARGUMENTS=true")


def _durations(reports: str) -> Durations:
    """Of the rounds but the first, which fills Ansible's and the system's caches."""
    (report,) = pathlib.Path(reports).iterdir()
    found: Durations = {name: [] for name in _CONTESTANTS}
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is not None:
            raise BenchError(f"{case.get('name')} changed something, and was to find everything as declared.")
        found[case.get("name", "").rpartition(_PREFIX)[2].strip()].append(float(case.get("time", "nan")))
    return {name: seconds[1:] for name, seconds in found.items()}


def report(measured: dict[str, Durations]) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    rows, goals = [], []
    for connection, durations in measured.items():
        for name, seconds in durations.items():
            rows.append((connection, name, spread(seconds).text(), ratio(seconds, durations["uri"]).text()))
        found = ratio(durations["ollama_warm"], durations["uri"])
        goals.append(Goal(f"(a) module no-op / uri, {connection}: at most {GOAL}", found.text(), found.median <= GOAL))
    return table(("CONNECTION", "TASK", "SECONDS", "/ URI"), rows), goals
