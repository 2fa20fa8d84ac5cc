# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent itself is ill-treated: killed, begun twice, or without room for what it wants to remember."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from conftest import Host
from shared.gpu import PASS, PINS, STATE, TIMER, eventually

FOLDER = "/var/lib/ollama-warmup/default"
AS_SERVICE_USER = "setpriv --reuid=ollama-warmup --regid=ollama-warmup --clear-groups"


def load_slowly(host: Host, seconds: int) -> None:
    """Have a pass in the middle of a load."""
    host.door("load", "model=tiny-a", f"seconds={seconds}")
    host.ask("tiny-a", "0s")
    eventually(lambda: "tiny-a:latest" not in host.listed())
    host.run(f"systemctl start --no-block {PASS}")
    eventually(lambda: bool(host.runner("tiny-a")))


def test_a_pass_that_is_killed_in_mid_load_leaves_nothing_that_the_next_one_minds(calm: Host) -> None:
    load_slowly(calm, 60)
    calm.run(f"systemctl kill --signal=KILL {PASS}")
    eventually(lambda: calm.show(PASS, "ActiveState"), ["failed"])
    assert calm.targets() == ["inactive", "active"]
    eventually(lambda: calm.runner("tiny-a"), "")  # the server gives up what nobody waits for
    assert json.loads(calm.host.file(STATE).content_string)["pinned"] == sorted(PINS)
    calm.run(f"systemctl start {TIMER}")
    eventually(calm.is_warm)
    assert calm.loads()["aborted_loads"] == {"tiny-a:latest": 1}
    assert calm.run(f"ls -A {FOLDER}").split() == ["lock", "measurements.json", "state.json"]


def test_a_second_pass_at_the_same_time_gives_way(calm: Host) -> None:
    load_slowly(calm, 5)
    second = calm.host.run(f"{AS_SERVICE_USER} ollama-warmup run")
    assert (second.rc, "another pass is running" in second.stderr) == (75, True)
    eventually(calm.is_warm)
    assert calm.loads() == {"loads": {"tiny-a:latest": 1}}


@pytest.fixture
def full(calm: Host) -> Iterator[Host]:
    """The state is on a file system of its own, on which no byte is left."""
    calm.run(f"mount -t tmpfs -o size=64k,mode=0750,uid=ollama-warmup,gid=ollama-warmup tmpfs {FOLDER}")
    calm.run(f"systemctl start {PASS}")
    calm.run(f"{AS_SERVICE_USER} sh -c 'cat /dev/zero >{FOLDER}/filler 2>/dev/null || true'")
    yield calm
    calm.run(f"umount {FOLDER}")


def test_without_room_for_its_state_the_agent_says_so_and_does_its_work(full: Host) -> None:
    assert full.run(f"df --output=avail {FOLDER}").split()[1] == "0"
    runners, before = full.runners(), full.host.file(STATE).content_string
    cursor = full.cursor()
    full.ask("tiny-a", "5m")
    full.run(f"systemctl start {PASS}")
    full.ask("tiny-a", "7m")
    full.run(f"systemctl start {PASS}")
    assert (full.pinned(), full.runners(), full.targets()) == (set(PINS), runners, ["active", "inactive"])
    assert full.host.file(STATE).content_string == before  # neither cut nor emptied
    full.run("journalctl --sync")
    said = full.journal(cursor)
    assert ("No space left on device" in said, "Traceback" in said) == (True, False)
    full.run(f"rm {FOLDER}/filler && systemctl start {PASS}")
    assert full.host.file(STATE).content_string != before
