# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host of the bench: a disposable Debian with the stand-in server, made warm by the collection's own site.yml."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "hosts"))

import container  # noqa: E402  (found by the line above)
import ollama  # noqa: E402
from image import as_root  # noqa: E402

HOST = f"{os.environ.get('KEEPWARM_HOSTS', 'keepwarm')}-bench"
USER = "ollama-warmup"
PROGRAMS = "/usr/local/share/bench"
FOR_EVER = "2200"  # any later year: the server says 2318
_CONTROL = ("/usr/local/lib/ollama/ollama-stub-ctl", "--socket", "/var/tmp/ollama-stub.socket")

# What inventory.yml declares, and as load requests.
CONTEXTS = {"tiny-a": 4096, "tiny-b": 2048, "embed": 256, "big": 4096}
MODELS: list[dict[str, Any]] = [{"model": name, "keep_alive": -1, "options": {"num_ctx": context}} for name, context in CONTEXTS.items()]


class BenchError(Exception):
    """Nothing can be measured; one sentence says why."""


def make() -> None:
    """Boot the host, install the stand-in and the programs of the bench, and run site.yml."""
    if os.environ.get("OLLAMA_PREFIX"):
        raise BenchError("OLLAMA_PREFIX is set, but only the stand-in counts what it is asked: unset it for the bench.")
    container.boot(HOST, "trixie")
    ollama.install(HOST)
    # For the heartbeat, and for comparison: the agent itself needs none.
    on_host("sh", "-c", "apt-get update -qq && apt-get install -qq -y python3-requests >/dev/null 2>&1")
    container.podman("cp", str(HERE / "on_host"), f"{HOST}:{PROGRAMS}")
    play = ["ansible-playbook", f"--inventory={HERE}/inventory.yml", "keepwarm.ollama.site"]
    environment = {**os.environ, "BENCH_HOST": HOST, "ANSIBLE_PIPELINING": "true", "ANSIBLE_NOCOLOR": "true"}
    done = subprocess.run(play, check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"site.yml failed on the bench's host:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


def remove() -> None:
    """Leave nothing behind."""
    container.remove([HOST])


def on_host(*command: str, user: str = "root") -> str:
    """What a command printed. Raises C(HostError) if it failed."""
    return container.podman("exec", f"--user={user}", HOST, *command).stdout


def in_namespaces(*command: str) -> list[str]:
    """The command with this machine's files in the host's network and among its processes: Ansible's local connection, on that host."""
    main_process = container.podman("inspect", "--format={{.State.Pid}}", HOST).stdout.strip()
    enter = ("nsenter", f"--target={main_process}", "--net", "--pid", "--cgroup")
    return as_root(*enter, "unshare", "--mount-proc", *command)


def counters(reset: bool = False) -> dict[str, Any]:
    """What the stand-in counted since the last reset: see tests/ollama_stub/ollama_stub/counters.py."""
    counted: dict[str, Any] = json.loads(on_host(*_CONTROL, "counters", f"reset={json.dumps(reset)}"))
    return counted


def as_declared() -> int:
    """How many models are resident for ever with the context that was declared."""
    listed = json.loads(on_host("curl", "--fail", "--silent", "http://127.0.0.1:11434/api/ps"))["models"]
    contexts = {entry["name"]: entry["context_length"] for entry in listed if entry["expires_at"] > FOR_EVER}
    return sum(contexts.get(f"{name}:latest") == context for name, context in CONTEXTS.items())


def make_a_pass() -> None:
    """Have the agent put everything as declared, as its service user."""
    on_host("ollama-warmup", "run", user=USER)
