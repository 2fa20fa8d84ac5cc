# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a host, and how it is made warm again before the next thing happens."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Mapping

import container
from contestants import GATEWAYS, SAMPLES, URL, host, on
from scale import CLIENTS_STAY, PINS, STRAY, scaled

_PATIENCE = 120  # seconds of this machine


def _ask(name: str, **body: object) -> None:
    """As a client does; a gateway answers it, and may refuse."""
    address, dummy, token = GATEWAYS.get(name, URL).partition(" ")
    failing = "" if name in GATEWAYS else "--fail"
    on(name, f"curl --silent {failing} --output /dev/null {address}/api/generate {token} --data '{json.dumps(body)}'")


def _kill_runner(name: str) -> None:
    on(name, f"blob=$(ollama show --modelfile {PINS[0]} | sed -n 's/^FROM .*sha256-//p'); pkill --signal KILL --full \"[l]lama-server.*$blob\"")


def _systemctl(name: str, *words: str) -> None:
    on(name, shlex.join(["systemctl", *words]))


EVENTS: Mapping[str, Callable[[str], None]] = {
    "restart": lambda name: _systemctl(name, "restart", "--no-block", "ollama.service"),
    "crash": lambda name: _systemctl(name, "kill", "--signal=KILL", "--kill-whom=main", "ollama.service"),
    "reboot": lambda name: container.reboot(host(name)),
    "client sends 5m": lambda name: _ask(name, model=PINS[0], keep_alive=scaled(CLIENTS_STAY)),
    "client sends 0": lambda name: _ask(name, model=PINS[0], keep_alive=0),
    "eviction": lambda name: _ask(name, model=STRAY),
    "runner killed": _kill_runner,
}


def happen(event: str, name: str) -> float:
    """When it happened, in seconds since 1970. A reboot counts from the first sample after it: machines differ in how they boot."""
    begun = time.time()
    EVENTS[event](name)
    if event != "reboot":
        return begun
    boot = float(on(name, "stat --format=%.Y /run/systemd/private"))
    return next(moment for moment, _usable in samples(name) if moment > boot)


def samples(name: str) -> list[tuple[float, frozenset[str]]]:
    """All that was seen there: the time, and the models that were usable."""
    lines = [line.split() for line in on(name, f"cat {SAMPLES}").splitlines()]
    return [(float(words[0]), frozenset(word.partition(":")[0] for word in words[1:])) for words in lines if words]


def make_warm(name: str) -> None:
    """By hand, whatever the measure: no stray, and every pin for ever and alive."""
    deadline = time.monotonic() + _PATIENCE
    while not set(PINS) <= _usable_now(name):
        if time.monotonic() > deadline:
            raise container.HostError(f"{name} does not get warm")
        _load_pins(name, "|| true")
        time.sleep(0.3)
    _load_pins(name)


def _load_pins(name: str, otherwise: str = "") -> None:
    for model in (STRAY, *PINS):
        body = json.dumps({"model": model, "keep_alive": -1 if model in PINS else 0})
        on(name, f"curl --silent --fail --output /dev/null {URL}/api/generate --data '{body}' {otherwise}")


def _usable_now(name: str) -> frozenset[str]:
    words = on(name, f"sleep 0.2; tail --lines=1 {SAMPLES}").split()
    return frozenset(word.partition(":")[0] for word in words[1:])
