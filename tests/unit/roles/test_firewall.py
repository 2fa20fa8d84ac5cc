# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches the servers' ports: the networks are checked, and the ports are those of now and of the next start."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from support.role_tasks import ROLES, holds, names, task, value

ROLE = "ollama_server"


def server(next_url: str, running: str | None = None, restarts: bool = False) -> dict[str, Any]:
    return {"plan": {"outlook": {"url": next_url}, "restarts": restarts}, "url_running": running}


def ports(name: str, *servers: dict[str, Any]) -> list[int]:
    found: list[int] = value(ROLE, f"{{{{ {name} }}}}", __ollama_server_looked={"results": list(servers)})
    return found


def container(url: str, running_url: str, unloads: bool) -> dict[str, Any]:
    return {"url": url, "running_url": running_url, "unloads": unloads}


def rules(networks: list[str]) -> list[str]:
    text = (ROLES / ROLE / "templates/firewall.nft.j2").read_text()
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)
    given = {"ports": [11434, 8080], "__ollama_server_mark": "m", "__ollama_server_rules_table": "inet t", "ansible_managed": "a"}
    return [line.strip() for line in environment.from_string(text).render({**given, "ollama_server_networks": networks}).splitlines()]


def test_the_port_that_a_restart_leaves_is_guarded_until_then() -> None:
    both = [server("http://127.0.0.1:11434", "http://127.0.0.1:8080", restarts=True), server("http://[::1]:11435")]
    assert ports("__ollama_server_ports", *both) == [11434, 11435]
    assert ports("__ollama_server_ports_now", *both) == [8080, 11434, 11435]


def test_the_port_of_a_server_that_is_not_restarted_stays_guarded() -> None:
    pending = server("http://127.0.0.1:11434", "http://127.0.0.1:8080")
    assert ports("__ollama_server_ports", pending) == ports("__ollama_server_ports_now", pending) == [8080, 11434]


@pytest.mark.parametrize(
    ("unloads", "running", "after", "until_then"),
    [
        (True, "http://127.0.0.1:11434", [11500], [11434, 11500]),
        (False, "http://127.0.0.1:11434", [11434, 11500], [11434, 11500]),  # restart is never
        (False, "http://127.0.0.1:11500", [11500], [11500]),
        (False, "", [11500], [11500]),
    ],
)
def test_a_container_s_port_is_guarded_as_long_as_it_listens_there(unloads: bool, running: str, after: list[int], until_then: list[int]) -> None:
    found = {"__ollama_server_looked": {"results": []}}
    found["__ollama_server_composed_found"] = {"servers": [container("http://127.0.0.1:11500", running, unloads)]}
    assert value(ROLE, "{{ __ollama_server_ports }}", **found) == after
    assert value(ROLE, "{{ __ollama_server_ports_now }}", **found) == until_then


def test_rules_are_in_force_before_a_container_listens() -> None:
    order = names(ROLE, "main.yml")
    assert order.index("Write the settings of the servers") < order.index("Run the servers of Compose with their settings") < order.index(
        "Run the servers with their settings"
    )


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1"])
def test_networks(network: str) -> None:
    assert value(ROLE, "{{ __ollama_server_networks_problems }}", ollama_server_networks=[network]) == []


@pytest.mark.parametrize("network", ["all", "10.0.0.0/8 accept; drop", "lan", "10.0.0.0/33", "10.0.0.1/8", "256.0.0.1", "fe80::1%eth0", ""])
def test_what_is_no_network_is_refused(network: str) -> None:
    (problem,) = value(ROLE, "{{ __ollama_server_networks_problems }}", ollama_server_networks=["10.0.0.0/8", network])
    assert problem == f"ollama_server_networks has '{network}', which is no network: write '10.0.0.0/8', without bits of a host"


def test_a_mapped_address_is_refused_since_its_packets_are_of_ipv4() -> None:
    (problem,) = value(ROLE, "{{ __ollama_server_networks_problems }}", ollama_server_networks=["::ffff:10.0.0.1"])
    assert problem == "ollama_server_networks has '::ffff:10.0.0.1', as which no packet comes: write the IPv4 address itself, as in 10.0.0.1"


def test_what_is_not_let_in_is_dropped_after_all_that_is() -> None:
    found = [line for line in rules(["10.0.0.0/8", "fd00::/8"]) if "dport 8080" in line]
    assert found == ["ip saddr 10.0.0.0/8 tcp dport 8080 accept", "ip6 saddr fd00::/8 tcp dport 8080 accept", "tcp dport 8080 drop"]


def test_a_host_without_nftables_is_refused_in_a_sentence() -> None:
    refusal = task(ROLE, "firewall_look.yml", "Refuse a host without nftables")["ansible.builtin.assert"]
    assert [holds(ROLE, refusal["that"], __ollama_server_nft_found={"stat": {"exists": there}}) for there in (True, False)] == [True, False]
    told = "ollama_server_networks needs nftables, and this host has no /usr/sbin/nft: install its package nftables, or leave ollama_server_networks empty."
    assert value(ROLE, refusal["fail_msg"]) == told
