# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each start of the server waits with for its GPUs: root's own, and never in the server's way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import UNIT, Outcome, Server

WAIT = "ollama-gpu-ready.service"
ALICE = "/home/alice/.local/bin"
HELPER = "/usr/bin/nvidia-modprobe"
DEADLINE = 60  # seconds; only a failing test waits that long


def show(host: Any, *properties: str) -> dict[str, str]:
    """What systemd tells of the unit that waits."""
    lines = host.check_output(f"systemctl show --property {','.join(properties)} {WAIT}").splitlines()
    return dict(line.split("=", 1) for line in lines)


def kill(host: Any, server: Server) -> str:
    """End the server as the kernel may; give the number of the wait that systemd's restart of it made."""
    before, start = show(host, "InvocationID"), server.start
    host.check_output("systemctl kill --signal=KILL ollama.service")
    end = time.monotonic() + DEADLINE
    while server.start == start or server.show("SubState")["SubState"] != "running":
        assert time.monotonic() < end, host.check_output(f"systemctl status --lines=20 ollama.service {WAIT} || true")
        time.sleep(0.2)  # between two looks
    after = show(host, "InvocationID")
    assert after != before
    return after["InvocationID"]


def said(host: Any, invocation: str) -> str:
    """What that wait and systemd wrote into the journal."""
    host.check_output("journalctl --sync")
    return str(host.check_output(f"journalctl --quiet --output=cat _SYSTEMD_INVOCATION_ID={invocation} + INVOCATION_ID={invocation}"))


@pytest.fixture
def waiting(host: Any, server: Server, play: Callable[..., Outcome]) -> Iterator[None]:
    """The server waits two seconds for an NVIDIA card that this host does not have."""
    if show(host, "TimeoutStartUSec") != {"TimeoutStartUSec": "3s"}:
        outcome = play(gpu="nvidia", gpu_timeout=2)
        assert outcome.status == 0, outcome.output
    yield
    Server.as_declared = ()


@pytest.fixture
def helper(host: Any) -> Iterator[Callable[[str], None]]:
    """Stands in for NVIDIA's program."""

    def write(text: str) -> None:
        host.check_output(f"printf '#!/bin/sh\\n%s\\n' {text!r} > {HELPER} && chmod 755 {HELPER}")

    yield write
    host.check_output(f"rm -f {HELPER} /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0; systemctl reset-failed {WAIT} || true")


@pytest.mark.usefixtures("waiting")
def test_a_card_that_never_comes_is_waited_for_at_every_start_and_told(host: Any, server: Server) -> None:
    for dummy in range(2):
        assert "GPU not ready after 2 s: /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0 to /dev/nvidia0 (0 of 1) missing" in said(host, kill(host, server))
    assert show(host, "Result", "ActiveState") == {"Result": "success", "ActiveState": "inactive"}
    assert server.show("NRestarts") != {"NRestarts": "0"}


@pytest.mark.usefixtures("waiting")
def test_nothing_of_the_unit_s_environment_reaches_root(host: Any, server: Server, put: Any) -> None:
    host.check_output(f"mkdir -p {ALICE} && rm -f /tmp/ran && touch /tmp/ran && chmod 666 /tmp/ran")
    for program in ("tr", "cat", "sleep", "sh", "nvidia-modprobe", "echo", "printf"):
        put(f"{ALICE}/{program}", f"#!/bin/sh\n/usr/bin/id -u >>/tmp/ran\nexec /usr/bin/{program} \"$@\"\n")
        host.check_output(f"chmod 755 {ALICE}/{program}")
    put(f"{UNIT}.d/path.conf", f'[Service]\nEnvironment="PATH={ALICE}:/usr/local/bin:/usr/bin:/bin" LD_LIBRARY_PATH={ALICE}\n')
    host.check_output("systemctl daemon-reload")
    kill(host, server)
    assert server.environment["PATH"].startswith(ALICE)
    assert "0" not in host.check_output("cat /tmp/ran").split()
    assert server.show("ExecStartPre") == {}


@pytest.mark.usefixtures("waiting")
def test_a_helper_makes_the_nodes_and_may_do_so(host: Any, server: Server, helper: Callable[[str], None]) -> None:
    """Files stand in for the nodes: a container may make no devices."""
    helper("touch /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0")
    assert "GPU not ready" not in said(host, kill(host, server))
    assert {"cap_mknod", "cap_sys_module"} <= set(show(host, "CapabilityBoundingSet")["CapabilityBoundingSet"].split())


@pytest.mark.usefixtures("waiting")
def test_a_helper_that_hangs_does_not_stop_the_server(host: Any, server: Server, helper: Callable[[str], None]) -> None:
    helper('trap "" TERM; while :; do sleep 1000; done')
    assert "GPU not ready after 2 s" in said(host, kill(host, server))
    assert host.run(f"pgrep --full {HELPER}").rc == 1


@pytest.mark.usefixtures("waiting")
def test_a_file_in_sysfs_that_hangs_does_not_stop_the_server(host: Any, server: Server, helper: Callable[[str], None]) -> None:
    """A pipe that nobody writes to stands in for it."""
    cards = "/sys/bus/pci/devices"
    host.check_output(f"mount -t tmpfs none {cards} && mkdir {cards}/0 && mkfifo {cards}/0/class && echo 0x10de > {cards}/0/vendor")
    try:
        kill(host, server)
        assert show(host, "Result") == {"Result": "timeout"}
    finally:
        host.check_output(f"umount {cards}")


@pytest.mark.usefixtures("waiting")
def test_what_cannot_even_be_killed_delays_a_start_by_ten_seconds_at_most(host: Any) -> None:
    """systemd gives up after SIGTERM, SIGKILL, and both once more for what is left, each with TimeoutStopSec= of its own."""
    seconds = {key: float(re.fullmatch(r"([0-9.]+)s", value)[1]) for key, value in show(host, "TimeoutStartUSec", "TimeoutStopUSec").items()}
    assert seconds["TimeoutStartUSec"] + 4 * seconds["TimeoutStopUSec"] <= 2 + 10


def test_a_server_that_waits_for_none_has_none_of_it(host: Any, server: Server, play: Callable[..., Outcome]) -> None:
    before = server.start
    outcome = play(gpu="none")
    assert outcome.status == 0, outcome.output
    assert WAIT not in server.show("Wants")["Wants"] + server.show("After")["After"]
    assert host.run(f"ls /usr/local/lib/ollama-server /etc/systemd/system/{WAIT}").stdout == ""
    assert (play(gpu="none").changed, server.start) == ([], before)
    Server.as_declared = ()
