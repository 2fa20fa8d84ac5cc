# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose server a URL names: by the addresses that a machine really has."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server import own_host
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.own_host import names_this_host, own_unit

COLLECTION_ROOT = pathlib.Path(own_host.__file__).parents[7]
PROGRAM = """
import json, sys
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.own_host import names_this_host
print(json.dumps([names_this_host(url) for url in sys.argv[1:]]))
"""
NETWORK = """
set -e
ip link set lo up
ip address add 203.0.113.7/32 dev lo
ip address add 203.0.113.8/32 dev lo
ip -6 address add 2001:db8::7/128 dev lo nodad
"""
OWN = ["http://203.0.113.7:11434", "http://203.0.113.8:11434", "http://[2001:db8::7]:11434", "http://127.0.0.1:1", "http://0.0.0.0:11434"]
OTHERS = ["http://203.0.113.9:11434", "http://198.51.100.1:11434", "http://[2001:db8::8]:11434", "https://203.0.113.255"]


def in_namespace(extra: str, urls: list[str]) -> list[bool]:
    """What a process in a network namespace of its own, with the addresses of C(NETWORK), says of each URL."""
    script = f'{NETWORK}{extra}\nexec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", script, "sh", sys.executable, "-c", PROGRAM, *urls]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(COLLECTION_ROOT)})
    found: list[bool] = json.loads(done.stdout)
    return found


def test_every_address_that_the_machine_has_is_its_own_and_no_other() -> None:
    assert in_namespace("", [*OWN, *OTHERS]) == [True] * len(OWN) + [False] * len(OTHERS)


def test_a_machine_that_may_bind_to_any_address_does_not_own_them_all() -> None:
    """As hosts with keepalived are set up."""
    settings = "".join(f"echo 1 > /proc/sys/net/{family}/ip_nonlocal_bind\n" for family in ("ipv4", "ipv6"))
    assert in_namespace(settings, [OWN[0], *OTHERS]) == [True] + [False] * len(OTHERS)


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.8.9.10", True),
        ("http://localhost:11434", True),
        ("http://LOCALHOST", True),
        ("http://[::1]:11434", True),
        ("http://127.gpu.invalid", False),
        ("http://gpu-1.invalid:11434", False),
        ("http://a..b", False),
        ("http://[::1", False),
    ],
)
def test_names_and_loopback(url: str, own: bool) -> None:
    assert names_this_host(url) is own


@pytest.mark.parametrize(
    ("addresses", "own"),
    [([], False), (["127.0.0.2"], True), (["127.0.0.2", "::1"], True), (["127.0.0.2", "198.51.100.1"], False)],
)
def test_a_name_is_this_machines_if_all_that_it_stands_for_is(addresses: list[str], own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client might come to any of them."""

    def resolve(_host: str, _port: None, **_kind: Any) -> list[Any]:
        families = [(socket.AF_INET6, (address, 0, 0, 0)) if ":" in address else (socket.AF_INET, (address, 0)) for address in addresses]
        return [(family, None, None, "", address) for family, address in families]

    monkeypatch.setattr(own_host.socket, "getaddrinfo", resolve)
    assert names_this_host("http://gpu-1:11434") is own


def test_a_resolver_that_hangs_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_host.Background, "wait", lambda _self, _seconds: False)
    assert names_this_host("http://gpu-1:11434") is False


@pytest.mark.parametrize(
    ("url", "declared", "unit"),
    [
        ("http://127.0.0.1:11434", None, "ollama.service"),
        ("http://198.51.100.1:11434", None, None),
        ("http://198.51.100.1:11434", False, None),
        ("http://198.51.100.1:11434", True, "ollama.service"),
    ],
)
def test_an_address_that_was_read_from_the_unit_is_the_units(url: str, declared: bool | None, unit: str | None) -> None:
    assert own_unit(url, "ollama.service", declared) == unit
    assert own_unit(url, None, declared) is None
