# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts, one for each measure, all booted from the same image with the same stand-in server."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from scale import CRON, LOAD, PERIOD, PINS, RESTART_DELAY, scaled

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "hosts"))

import container  # noqa: E402  (found by the line above)
import ollama  # noqa: E402

PREFIX = f"{os.environ.get('KEEPWARM_HOSTS', 'keepwarm')}-exposure"
PROGRAMS = "/usr/local/share/bench"
SAMPLES = "/var/lib/samples"
URL = "http://127.0.0.1:11434"  # as the agent asks
TOKEN = "bench-0123456789abcdef"  # of exposure/inventory.yml, as the next
GATEWAYS = {"gateway": f"http://127.0.0.1:11435 --header 'Authorization: Bearer {TOKEN}'"}
CURL = f"sh {PROGRAMS}/curl_keep_alive.sh {' '.join(PINS)}"
WAIT = "curl --silent --retry 600 --retry-delay 1 --retry-connrefused --output /dev/null http://127.0.0.1:11434/api/version"


def on(name: str, script: str) -> str:
    """What a shell script printed there. Raises C(HostError) if it failed."""
    return container.podman("exec", host(name), "sh", "-ec", script).stdout


def host(name: str) -> str:
    """The container of a contestant."""
    return f"{PREFIX}-{name}"


def _unit(name: str, text: str) -> str:
    return f"printf %s {shlex.quote(text)} >/etc/systemd/system/{name}; "


def _nothing(name: str) -> None:
    """OLLAMA_KEEP_ALIVE=-1, and trust."""
    _drop_in(name, "OLLAMA_KEEP_ALIVE=-1")


def _boot_and_cron(name: str) -> None:
    """A script at boot, and the same every five minutes."""
    _drop_in(name, "OLLAMA_KEEP_ALIVE=-1")
    service = f"[Service]\nType=oneshot\nExecStart=sh -c '{WAIT}; {CURL}'\n[Unit]\nAfter=ollama.service\n[Install]\nWantedBy=multi-user.target\n"
    timer = f"[Timer]\nOnActiveSec={scaled(CRON)}\nOnUnitActiveSec={scaled(CRON)}\nAccuracySec=1ms\nUnit=cron-job.service\n[Install]\nWantedBy=timers.target\n"
    job = f"[Service]\nType=oneshot\nExecStart={CURL}\n"
    units = _unit("boot-script.service", service) + _unit("cron-job.timer", timer) + _unit("cron-job.service", job)
    on(name, f"{units} systemctl daemon-reload; systemctl enable --now boot-script.service cron-job.timer")


def _heartbeat(name: str) -> None:
    """A loop that touches each model every four minutes."""
    _drop_in(name, "OLLAMA_KEEP_ALIVE=-1")
    on(name, "apt-get update -qq && apt-get install -qq -y python3-requests >/dev/null 2>&1")
    seconds = float(scaled(PERIOD)[:-2]) / 1000
    service = f"[Service]\nExecStart=python3 {PROGRAMS}/beat.py {seconds} {' '.join(PINS)}\nRestart=always\n[Install]\nWantedBy=multi-user.target\n"
    on(name, f"{_unit('heartbeat.service', service)} systemctl daemon-reload; systemctl enable --now heartbeat.service")


def _collection(name: str) -> None:
    """The play that a user runs comes when all hosts are there; its drop-in adds to this one."""
    _drop_in(name)


def _run_site() -> None:
    """All hosts of exposure/inventory.yml at once."""
    play = ["ansible-playbook", f"--inventory={HERE}/inventory.yml", "--extra-vars=keepwarm_serial=3", "keepwarm.ollama.site"]
    environment = {**os.environ, "BENCH_HOSTS": PREFIX, "ANSIBLE_PIPELINING": "true", "ANSIBLE_NOCOLOR": "true"}
    done = subprocess.run(play, check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise container.HostError(f"site.yml failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


CONTESTANTS: Mapping[str, Callable[[str], None]] = {
    "nothing": _nothing,
    "boot-and-cron": _boot_and_cron,
    "heartbeat": _heartbeat,
    "timer": _collection,
    "watch": _collection,
    "gateway": _collection,
}
TITLES = {
    "nothing": "no measure",
    "boot-and-cron": "boot script + cron",
    "heartbeat": "heartbeat loop",
    "timer": "this collection, timer",
    "watch": "this collection, watch",
    "gateway": "with gateway",
}


def _drop_in(name: str, *environment: str) -> None:
    """What all hosts have in common, and these."""
    variables = [f"OLLAMA_STUB_LOAD_SECONDS={float(scaled(LOAD)[:-2]) / 1000}", "OLLAMA_MAX_LOADED_MODELS=2", *environment]
    lines = "".join(f'Environment="{variable}"\n' for variable in variables)
    text = f"[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec={scaled(RESTART_DELAY)}\n{lines}"
    on(name, f"mkdir -p /etc/systemd/system/ollama.service.d; {_unit('ollama.service.d/50-bench.conf', text)} systemctl daemon-reload")
    on(name, f"systemctl restart ollama.service; {WAIT}")


def _make(name: str) -> None:
    container.boot(host(name), "trixie")
    ollama.install(host(name))
    container.podman("cp", str(HERE.parent / "on_host"), f"{host(name)}:{PROGRAMS}")
    CONTESTANTS[name](name)
    sampler = f"[Unit]\nDefaultDependencies=no\nAfter=local-fs.target\n[Service]\nExecStart=python3 -I {PROGRAMS}/sample_residency.py {SAMPLES}\n"
    on(name, f"{_unit('sampler.service', sampler + chr(10) + '[Install]' + chr(10) + 'WantedBy=basic.target' + chr(10))} systemctl daemon-reload")
    on(name, "systemctl enable --now sampler.service")


def make() -> None:
    """All of them, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_make, CONTESTANTS))
    _run_site()


def remove() -> None:
    """Leave nothing behind."""
    container.remove([host(name) for name in CONTESTANTS])
