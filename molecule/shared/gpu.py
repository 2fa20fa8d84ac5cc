# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with the agent on it, and what tests do to it and see of it. All is asked of the server and of systemd."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

SHARED = pathlib.Path(__file__).resolve().parent
SCENARIO = os.environ["MOLECULE_SCENARIO_NAME"]
HOSTS = SHARED.parents[1] / "tests/hosts/host.py"
PASS = "ollama-warmup.service"
TIMER = "ollama-warmup.timer"
WATCH = "ollama-warmup-watch.service"
FIND_WATCH = f"watch=$(systemctl show --property=MainPID --value {WATCH})"
SERVER = "ollama.service"
CONFIGURATION = "/etc/ollama-warmup/default.json"
STATE = "/var/lib/ollama-warmup/default/state.json"
DOOR = "/var/lib/ollama-stub/door"
PINS = ("tiny-a:latest", "embed:latest")
FOR_EVER = "2300"
DEADLINE = 90  # seconds; only a failing test waits that long


def eventually(probe: Callable[[], Any], wanted: Any = True) -> None:
    """Return as soon as the probe gives what is wanted."""
    end = time.monotonic() + DEADLINE
    while True:
        seen = probe()
        if seen == wanted:
            return
        assert time.monotonic() < end, f"{seen!r} instead of {wanted!r}, still after {DEADLINE} s"
        time.sleep(0.2)  # between two looks, not instead of one


class Gpu:
    """The host of the scenario, to which Ansible gave C(name)."""

    def __init__(self, host: Any, name: str = "gpu1") -> None:
        self.host = host
        self.name = f"{os.environ['KEEPWARM_HOSTS']}-{SCENARIO}-{name}"

    def run(self, command: str) -> str:
        """What a command prints; it must succeed."""
        return str(self.host.check_output(command))

    def exits(self, *views: str) -> dict[str, int]:
        """How commands of the agent end, by what comes after its name."""
        return {view: self.host.run(f"ollama-warmup {view}").rc for view in views}

    def listed(self) -> dict[str, dict[str, Any]]:
        """What /api/ps lists, by name; nothing while the server does not answer."""
        answer = self.host.run("curl --fail --silent http://127.0.0.1:11434/api/ps")
        return {model["name"]: model for model in json.loads(answer.stdout)["models"]} if answer.rc == 0 else {}

    def pinned(self) -> set[str]:
        """The names of the models that are there for ever."""
        return {name for name, model in self.listed().items() if model["expires_at"][:4] > FOR_EVER}

    def ask(self, model: str, keep_alive: str) -> None:
        """What a client may send."""
        body = json.dumps({"model": model, "keep_alive": keep_alive})
        self.run(f"curl --fail --silent http://127.0.0.1:11434/api/generate --data '{body}'")

    def door(self, *words: str) -> Any:
        """An order through the stand-in's side door, which a server opens some time after systemd calls it started."""
        eventually(lambda: self.host.file(DOOR).exists)
        return json.loads(self.run(f"/usr/local/lib/ollama/ollama-stub-ctl --socket {DOOR} {' '.join(words)}"))

    def runner(self, model: str) -> str:
        """The process id of the model's living runner; empty when there is none."""
        blob = self.run(f"ollama show --modelfile {model} | sed -n 's/^FROM .*sha256-//p'").strip()
        return str(self.host.run(f"pgrep --full '[l]lama-server.*{blob}'").stdout).strip()

    def show(self, unit: str, *properties: str) -> list[str]:
        """Properties of a unit, in this order."""
        lines = self.run(f"systemctl show --property={','.join(properties)} {unit}").splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return [values[key] for key in properties]

    def watched(self) -> set[str]:
        """The processes that the watch has a pidfd of. sed fails for a file that is closed before its turn comes."""
        return set(self.host.run(f"{FIND_WATCH}; sed -n 's/^Pid:\\t//p' /proc/$watch/fdinfo/*").stdout.split())

    def targets(self) -> list[str]:
        """Whether the warm and the cold target are active."""
        return [self.show(f"ollama-{word}.target", "ActiveState")[0] for word in ("warm", "cold")]

    def is_warm(self) -> bool:
        """All pins resident, by the server's list, and the target reached."""
        return set(PINS) <= self.pinned() and self.targets() == ["active", "inactive"]

    def put_right(self, *units: str) -> None:
        """Return when it is warm again, with its server, its timer and these units running, whatever the test before did to it."""
        self.run(f"systemctl start {' '.join((SERVER, TIMER, *units))}")
        eventually(self.is_warm)

    def calm(self) -> None:
        """From now on it makes no pass but those that the test asks for: nothing is put right between an act and a look."""
        self.run(f"systemctl stop {TIMER}")
        self.run(f"systemctl start {PASS}")

    def journal(self, cursor: str, unit: str = PASS) -> str:
        """What the unit's processes and systemd logged of it since then."""
        lines = self.run(f"journalctl --quiet --output=json --after-cursor='{cursor}'").splitlines()
        # systemd 252 swallows an entry when it has to look for a unit's after a cursor
        entries = [entry for entry in map(json.loads, lines) if unit in (entry.get("_SYSTEMD_UNIT"), entry.get("UNIT"))]
        return "\n".join(entry["MESSAGE"] for entry in entries)

    def cursor(self) -> str:
        """Now, in the journal."""
        self.run("journalctl --sync")
        return self.run("journalctl --quiet --lines=1 --show-cursor").split("-- cursor: ")[1].strip()

    def reboot(self, *options: str) -> None:
        """As a machine reboots."""
        subprocess.run([sys.executable, str(HOSTS), "reboot", self.name, *options], check=True, capture_output=True)

    def play(self, **variables: Any) -> None:
        """Run the agent's role once more, with other variables and without its proof."""
        inventories = [f"--inventory={SHARED}/inventory.yml", f"--inventory={SHARED.parent}/{SCENARIO}/inventory.yml"]
        extra = json.dumps({"ollama_warmup_prove": False, **variables})
        command = ["ansible-playbook", *inventories, "--extra-vars", extra, str(SHARED / "warmup.yml")]
        environment = {**os.environ, "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3"}
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
