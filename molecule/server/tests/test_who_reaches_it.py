# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of nftables, with real packets: two clients in a network of their own, one of which is declared. It is the last file, since it removes the role."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Outcome

HOSTS = pathlib.Path(__file__).resolve().parents[3] / "tests/hosts/host.py"
LOAD, FORGET = "Have the kernel use the rules about who reaches the servers", "Have the kernel forget the rules about who reaches the servers"
NETWORKS = {"host": "0.0.0.0:11500", "networks": ["10.9.8.2", "fd09::2/127"]}
DECLARED, UNDECLARED = ("10.9.8.2", "fd09::2"), ("10.9.8.4", "fd09::4")
LINK = """
ip netns add clients
ip link add to-clients type veth peer name to-host netns clients
ip addr add 10.9.8.1/24 dev to-clients
ip addr add fd09::1/64 dev to-clients nodad
ip link set to-clients up
systemd-run --quiet --unit=by-ipv6 --socket-property=ListenStream=[fd09::1]:11500 /lib/systemd/systemd-socket-proxyd 127.0.0.1:11500
ip netns exec clients sh -ec '
    for address in 10.9.8.2/24 10.9.8.4/24; do ip addr add $address dev to-host; done
    for address in fd09::2/64 fd09::4/64; do ip addr add $address dev to-host nodad; done
    ip link set to-host up'
"""
TABLE = "nft list table inet ollama_server"


class Clients:
    """Ask the server from other addresses than the host's."""

    def __init__(self, host: Any) -> None:
        self.host = host
        host.check_output(LINK)

    def reach(self, addresses: tuple[str, ...]) -> list[bool]:
        """Whether an answer comes to each. One whose packets are dropped gets none, not even a refusal."""
        return [self._reaches(address) for address in addresses]

    def _reaches(self, address: str) -> bool:
        there = "[fd09::1]" if ":" in address else "10.9.8.1"
        status = self.host.run(f"ip netns exec clients curl -sSf --max-time 1 --interface {address} http://{there}:11500/api/version").rc
        assert status in (0, 28), status
        return bool(status == 0)

    def local(self) -> list[int]:
        """How the host's own requests to its addresses end, which is how the agent and a gateway ask."""
        return [self.host.run(f"curl -sSf --max-time 5 http://{at}:11500/api/version").rc for at in ("127.0.0.1", "10.9.8.1", "[fd09::1]")]


@pytest.fixture
def reboot(host: Any) -> Callable[[], None]:
    """As a machine reboots; its network is made anew, without any rule."""
    name = host.backend.get_hostname()
    return lambda: subprocess.run([sys.executable, str(HOSTS), "reboot", name], check=True, stdin=subprocess.DEVNULL, capture_output=True) and None


@pytest.mark.usefixtures("converged")
def test_only_declared_networks_reach_the_server(host: Any, play: Callable[..., Outcome], reboot: Callable[[], None]) -> None:
    predicted = play(check=True, **NETWORKS)
    assert (predicted.status, host.run(TABLE).rc) == (0, 1), predicted.output
    done = play(**NETWORKS)
    assert done.status == 0, done.output
    assert LOAD in done.changed
    assert predicted.changed == done.changed
    assert_only_declared_reach(Clients(host))
    in_force = host.check_output(TABLE)

    host.check_output("nft flush table inet ollama_server")
    assert play(**NETWORKS).changed == [LOAD]
    assert host.check_output(TABLE) == in_force

    reboot()
    assert host.check_output(TABLE) == in_force
    assert_only_declared_reach(Clients(host))
    host.check_output("printf 'flush ruleset' > /etc/nftables.conf; systemctl restart nftables.service")
    host.check_output(f"timeout 30 sh -c 'until {TABLE}; do sleep 0.1; done'")
    assert host.check_output(TABLE) == in_force

    removed = play(state="absent", host="0.0.0.0:11500")
    assert removed.status == 0, removed.output
    assert FORGET in removed.changed
    assert host.check_output("nft list tables") == ""
    assert host.check_output("find /etc/systemd /usr/local/lib -name 'ollama-firewall*' -o -name firewall.nft") == ""


def assert_only_declared_reach(clients: Clients) -> None:
    clients.host.check_output("curl -sSf --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:11500/api/version")
    assert clients.local() == [0, 0, 0]
    assert (clients.reach(DECLARED), clients.reach(UNDECLARED)) == ([True, True], [False, False])
