# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what status.yml over five hundred hosts costs the controller.

    python3 tests/bench/fleet/many.py [NAMES]

The hosts are names for this machine, by Ansible's local connection; what an agent would say comes from a program in its place, and one host in
fifty is not warm. Hence the hosts' own share is in the numbers, and ssh's is not. Prints the beginning of the table, and time and memory.
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

FORKS = 50
RACKS = 20
SHOWN = 40  # lines
# The play asks by timeout(1), which is found in PATH.
AGENT = """\
#!/bin/sh
case $(($$ % 50)) in
  0) cat '{folder}/ill.json'; exit 1 ;;
  *) cat '{folder}/warm.json' ;;
esac
"""


def status(warm: bool) -> str:
    """What `ollama-warmup status --json` says of four models, as long as a real one's answer."""
    listed = {"forever": True, "expires_at": "2318-11-21T12:04:30Z", "processor": "100% GPU", "context_length": 8192, "size": 5 << 30, "size_vram": 5 << 30}
    models = [
        {"name": f"family-{number}:8b", "model": f"family-{number}:8b", "policy": "pin", "required": True, "resident": True, "drift": [], "after": listed}
        for number in range(4)
    ]
    if not warm:
        models[-1] |= {"resident": False, "drift": ["not_loaded"], "after": None}
    history = {"incidents": [{"model": "family-3:8b", "cause": "evicted", "evidence": "observed", "at": 1.7e9 + number} for number in range(20)]}
    return json.dumps({"exit": 0 if warm else 1, "result": "warm" if warm else "not warm", "models": models, "history": history, "looked": {"at": 1.7e9}})


def inventory(folder: pathlib.Path, names: int) -> pathlib.Path:
    """Names in racks."""
    variables = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    racks: dict[str, Any] = {f"rack{rack:02}": {"hosts": {f"gpu{number}": {} for number in range(rack, names, RACKS)}} for rack in range(RACKS)}
    path = folder / "hosts.json"
    path.write_text(json.dumps({"gpu_hosts": {"hosts": {f"gpu{number}": {} for number in range(names)}, "vars": variables}, **racks}), encoding="utf-8")
    return path


def prepare(folder: pathlib.Path) -> None:
    """Put the agent's stand-in where the play finds it."""
    for name, warm in (("warm", True), ("ill", False)):
        (folder / f"{name}.json").write_text(status(warm), encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin/timeout").write_text(AGENT.format(folder=folder), encoding="utf-8")
    (folder / "bin/timeout").chmod(0o755)


def measure(folder: pathlib.Path, names: int) -> str:
    """What a person sees at the end of the play, and what it took."""
    environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "ANSIBLE_FORKS": str(FORKS), "ANSIBLE_PIPELINING": "true"}
    environment |= {"ANSIBLE_NOCOLOR": "true", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", "ANSIBLE_DEPRECATION_WARNINGS": "false"}
    command = ["ansible-playbook", f"--inventory={inventory(folder, names)}", "keepwarm.ollama.status"]
    with open(folder / "said", "w+", encoding="utf-8") as said:
        begun = time.monotonic()
        running = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        dummy, ended, usage = os.wait4(running.pid, 0)
        wall = time.monotonic() - begun
        said.seek(0)
        output = said.read()
    if os.waitstatus_to_exitcode(ended):
        sys.exit(f"bench: status.yml failed:\n{output[-3000:]}")
    table = output[output.index("TASK [Show the fleet]") : output.index("PLAY RECAP")].splitlines()
    cpu = usage.ru_utime + usage.ru_stime
    shown = "\n".join([*table[:SHOWN], f"({len(table)} lines)"])
    return f"{shown}\n\n{names} hosts, {FORKS} at a time: {wall:.0f} s, {cpu:.0f} s of CPU, {usage.ru_maxrss / 1024:.0f} MiB at most"


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        prepare(folder)
        print(measure(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 500))


if __name__ == "__main__":
    main()
