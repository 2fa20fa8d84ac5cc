# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server is ill for a while: the host is called cold, nothing is loaded, and when it is well all is as it was."""

from __future__ import annotations

import shlex

import pytest
from conftest import Host
from shared.gpu import PINS, TIMER, eventually

CHAT = '{"model": "tiny-a", "max_tokens": 20, "messages": [{"role": "user", "content": "w1"}]}'
ASK = f"curl --silent --output /dev/null --write-out '%{{http_code}}\n' http://127.0.0.1:11434/v1/chat/completions --data '{CHAT}'"
CLIENT = f"while [ ! -e /run/enough ]; do {ASK}; sleep 0.1; done"


@pytest.mark.parametrize("fault", ["kind=hang", "kind=status status=503", "kind=status status=500", "kind=truncate", "kind=disconnect"])
def test_a_server_whose_list_cannot_be_had_makes_the_host_cold_and_costs_no_load(gpu: Host, fault: str) -> None:
    runners = gpu.runners()
    cursor = gpu.cursor()
    gpu.door("fault", "path=/api/ps", "count=-1", fault)
    eventually(gpu.targets, ["inactive", "active"])
    assert gpu.runners() == runners
    gpu.door("clear")
    eventually(gpu.is_warm)
    assert (gpu.runners(), gpu.loads()) == (runners, {})
    gpu.run("journalctl --sync")
    assert "Traceback" not in gpu.journal(cursor)


@pytest.mark.parametrize("hours", [5, -5], ids=["ahead", "behind"])
def test_a_clock_hours_off_costs_nothing_and_hides_nothing(calm: Host, hours: int) -> None:
    runners = calm.runners()
    calm.door("clock", f"skew={hours * 3600}")
    calm.ask("tiny-a", "5m")
    assert calm.pinned() == {"embed:latest"}
    calm.run(f"systemctl start {TIMER}")
    eventually(calm.is_warm)
    calm.see_passes(2)
    assert calm.is_warm()
    assert (calm.runners(), calm.loads()) == (runners, {})


def test_a_load_longer_than_the_period_is_made_once(calm: Host) -> None:
    calm.door("load", "model=tiny-a", "seconds=9")
    calm.ask("tiny-a", "0s")
    eventually(lambda: "tiny-a:latest" not in calm.listed())
    calm.run(f"systemctl start {TIMER}")
    eventually(calm.is_warm)
    calm.see_passes(2)
    assert calm.loads() == {"loads": {"tiny-a:latest": 1}}


def test_other_models_push_each_other_out_and_no_pin(gpu: Host) -> None:
    runners = gpu.runners()
    for _round in range(3):
        for model in ("tiny-b", "tiny-c", "big"):
            gpu.ask(model, "24h")
    gpu.see_passes(2)
    assert set(gpu.loads()["evictions"]) == {"tiny-b:latest", "tiny-c:latest", "big:latest"}
    assert {name: gpu.runners()[name] for name in PINS} == {name: runners[name] for name in PINS}
    assert gpu.pinned() == set(PINS)


def test_traffic_that_never_ends_is_not_disturbed_by_passes(gpu: Host) -> None:
    runners = gpu.runners()
    gpu.run(f"rm -f /run/enough /run/codes; echo {shlex.quote(CLIENT)} >/run/client")
    gpu.run("for client in 1 2 3 4; do systemd-run --quiet --unit=client$client --property=StandardOutput=append:/run/codes sh /run/client; done")
    gpu.see_passes(5)
    gpu.run("touch /run/enough")
    eventually(lambda: gpu.run("systemctl list-units --plain --no-legend 'client*'"), "")
    codes = gpu.run("sort /run/codes | uniq -c").split()
    assert (codes[1:], int(codes[0]) > 20) == (["200"], True)
    assert (gpu.runners(), gpu.loads()) == (runners, {})
    assert gpu.pinned() == set(PINS)
