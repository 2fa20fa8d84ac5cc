# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the collection at work on a disposable host, and say what is being done meanwhile. Started by `make demo`."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import time

import container
import ollama

TOP = pathlib.Path(__file__).resolve().parents[2]
HOST = f"{os.environ['KEEPWARM_HOSTS']}-demo"
WARM_SECONDS = 120
CHANGED_NOTHING = "changed=0"


def say(sentence: str) -> None:
    """Tell the user what comes next."""
    print(f"\n\033[1m==> {sentence}\033[0m", flush=True)


def on_host(*command: str, check: bool = True) -> str:
    """Run a command on the host; give what it printed."""
    return container.podman("exec", HOST, *command, check=check).stdout


def show(*command: str) -> None:
    """Run a command on the host before the user's eyes."""
    print(f"gpu1$ {' '.join(command)}\n{on_host(*command, check=False)}", flush=True)


def play(playbook: str) -> str:
    """Run one of the collection's playbooks over the host, showing its output; give it as well."""
    command = ["ansible-playbook", "--inventory", "tests/demo/inventory.yml", f"keepwarm.ollama.{playbook}"]
    print(f"$ {' '.join(command)}", flush=True)
    lines = []
    with subprocess.Popen(command, cwd=TOP, env={**os.environ, "DEMO_HOST": HOST, "ANSIBLE_PIPELINING": "true"}, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    if running.returncode:
        sys.exit(f"demo: {playbook} failed.")
    return "".join(lines)


def wait_until_warm() -> None:
    """Wait as an application would, and tell how long it took."""
    started = time.monotonic()
    container.podman("exec", HOST, "ollama-warmup", "wait", "--timeout", str(WARM_SECONDS))
    print(f"warm after {time.monotonic() - started:.1f} s")


def runners() -> list[str]:
    """The process ids of all runners."""
    return on_host("pgrep", "--full", "--", " --model .*/blobs/sha256-").split()


def runner_of(model: str) -> str:
    """The process id of the runner that holds the model, as the server started it; nothing if there is none."""
    blob = re.search(r"sha256-[0-9a-f]{64}", on_host("ollama", "show", "--modelfile", model))
    return on_host("pgrep", "--full", f"model .*{blob.group() if blob else model}", check=False).strip()


def kill_runner_of(model: str) -> None:
    """Kill the process that holds the model, as the kernel does when memory runs out, and wait for another."""
    killed = runner_of(model)
    show("ps", "--no-headers", "-o", "pid,args", "-p", killed)
    show("kill", "-KILL", killed)
    show("ollama", "ps")
    started = time.monotonic()
    while runner_of(model) in ("", killed):
        if time.monotonic() > started + WARM_SECONDS:
            sys.exit(f"demo: {model} did not come back within {WARM_SECONDS} s.")
        time.sleep(0.2)
    print(f"{model} has a new runner after {time.monotonic() - started:.1f} s")
    wait_until_warm()  # what the pass did is told when it is over
    show("journalctl", "--quiet", "--no-pager", "--output=cat", "--lines=2", "--unit=ollama-warmup.service")


def demonstrate() -> None:
    """The whole show."""
    say("Booting a disposable Debian 13 host with a real systemd")
    container.boot(HOST, "trixie")
    say(f"Installing {os.environ.get('OLLAMA_PREFIX') or 'the stand-in for Ollama'} with the vendor's own unit, and small models")
    ollama.install(HOST)
    show("ollama", "ps")
    say("Declaring what is to be resident, and running site.yml")
    play("site")
    show("ollama", "ps")
    say("Running it once more: nothing changes, nothing loads")
    before = runners()
    if CHANGED_NOTHING not in play("site") or runners() != before:
        sys.exit("demo: the second run changed or loaded something.")
    say("Restarting the server, which empties its memory; the models come back by themselves")
    show("systemctl", "restart", "ollama.service")
    wait_until_warm()
    show("ollama-warmup", "status")
    say("Killing a runner; Ollama goes on listing its model, the warm-up is not fooled")
    kill_runner_of("tiny-a")
    show("ollama-warmup", "status")
    say("Stopping the timer and taking a model out of memory; the doctor tells what is wrong, where that was seen, and what to do")
    show("systemctl", "stop", "ollama-warmup.timer")
    show("ollama", "stop", "tiny-a")
    show("ollama-warmup", "doctor")
    show("systemctl", "start", "ollama-warmup.timer")
    wait_until_warm()
    say("The whole fleet in one table")
    play("status")


def main() -> None:
    """Run the demo and remove its host, whatever happens."""
    try:
        demonstrate()
    except container.HostError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit("demo: interrupted")
    finally:
        say("Removing the host")
        container.remove([HOST])


if __name__ == "__main__":
    main()
