# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what status.yml over five hundred names, which share two real hosts, costs the controller.

    python3 tests/bench/fleet/many.py [NAMES]

One of the hosts is warm and one is not; every fiftieth name is of the latter. Prints the table's last lines, and time and memory.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "hosts")]

import container  # noqa: E402  (found by the line above, as the others are)
import ollama  # noqa: E402
from hosts import Fleet  # noqa: E402
from output import say  # noqa: E402
from remote import execute  # noqa: E402

FORKS = 20
RACKS = 20
ILL = 50
SHOWN = 30  # lines


def inventory(fleet: Fleet, names: int) -> pathlib.Path:
    """Names in racks, each of which is one of the two hosts."""
    variables = json.loads(fleet.inventory(1).read_text(encoding="utf-8"))["gpu_hosts"]["vars"]
    reached = {f"gpu{number}": {"ansible_host": fleet.hosts[0 if number % ILL else 1]} for number in range(names)}
    racks: dict[str, Any] = {f"rack{rack:02}": {"hosts": {f"gpu{number}": {} for number in range(rack, names, RACKS)}} for rack in range(RACKS)}
    path = fleet.folder / f"many-{names}.json"
    path.write_text(json.dumps({"gpu_hosts": {"hosts": reached, "vars": variables}, **racks}), encoding="utf-8")
    return path


def measure(fleet: Fleet, names: int) -> str:
    """What a person sees at the end of the play, and what it took."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(fleet.collections), "ANSIBLE_FORKS": str(FORKS), "ANSIBLE_PIPELINING": "true"}
    environment |= {"ANSIBLE_NOCOLOR": "true", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", "ANSIBLE_DISPLAY_OK_HOSTS": "true"}
    command = ["ansible-playbook", f"--inventory={inventory(fleet, names)}", "keepwarm.ollama.status"]
    with open(fleet.folder / "said", "w+", encoding="utf-8") as said:
        begun = time.monotonic()
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT) as running:
            dummy, status, usage = os.wait4(running.pid, 0)
            running.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
        said.seek(0)
        output = said.read()
    if running.returncode:
        sys.exit(f"bench: status.yml failed:\n{output[-3000:]}")
    table = output[output.index("TASK [Show the fleet]") :].splitlines()
    shown = "\n".join([*table[:SHOWN], f"... {len(table)} lines with the recap"])
    cpu = usage.ru_utime + usage.ru_stime
    return f"{shown}\n\n{names} hosts, {FORKS} at a time: {wall:.0f} s, {cpu:.0f} s of CPU, {usage.ru_maxrss / 1024:.0f} MiB at most"


def main() -> None:
    """Boot two hosts, measure, and remove them, whatever happens."""
    names = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as scratch:
        fleet = Fleet("many", pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]), pathlib.Path(scratch))
        warm, ill = fleet.hosts[:2]
        try:
            say("Booting two hosts, one of which is warm")
            container.boot(warm, "trixie")
            ollama.install(warm)
            fleet.settle(1)
            container.copy(warm, [ill])
            execute(ill, "systemctl", "stop", "ollama-warmup.timer", "ollama.service")
            say(f"Asking {names} names for their status")
            print(measure(fleet, names))
        finally:
            container.remove([warm, ill])


if __name__ == "__main__":
    main()
