# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches the servers' ports: the networks are checked, and the ports are those of now and of the next start."""

from __future__ import annotations

import jinja2
import pytest
from support.role_tasks import ROLES, value

ROLE = "ollama_server"
LOOKED = {
    "results": [
        {"plan": {"outlook": {"url": "http://127.0.0.1:11434"}}, "url_running": "http://127.0.0.1:8080"},
        {"plan": {"outlook": {"url": "http://[::1]:11435"}}, "url_running": None},
    ]
}


def rules(networks: list[str]) -> list[str]:
    text = (ROLES / ROLE / "templates/ollama-firewall.nft.j2").read_text()
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)
    ports = {"__ollama_server_ports": [11434, 8080], "__ollama_server_mark": "m", "ansible_managed": "a"}
    return [line.strip() for line in environment.from_string(text).render({**ports, "ollama_server_networks": networks}).splitlines()]


def test_the_ports_are_those_of_now_and_of_the_next_start() -> None:
    assert value(ROLE, "{{ __ollama_server_ports }}", __ollama_server_looked=LOOKED) == [8080, 11434, 11435]


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.0.2.7", "fd00::/8", "::ffff:10.0.0.1"])
def test_networks(network: str) -> None:
    assert value(ROLE, "{{ __ollama_server_networks_problems }}", ollama_server_networks=[network]) == []


@pytest.mark.parametrize("network", ["all", "10.0.0.0/8 accept; drop", "lan", "10.0.0.0/1000", ""])
def test_what_is_no_network_is_refused(network: str) -> None:
    (problem,) = value(ROLE, "{{ __ollama_server_networks_problems }}", ollama_server_networks=[network])
    assert problem == f"ollama_server_networks has '{network}', which is no network: write one such as 10.0.0.0/8 or fd00::/8"


def test_what_is_not_let_in_is_dropped_after_all_that_is() -> None:
    found = [line for line in rules(["10.0.0.0/8", "fd00::/8"]) if "dport 8080" in line]
    assert found == ["ip saddr 10.0.0.0/8 tcp dport 8080 accept", "ip6 saddr fd00::/8 tcp dport 8080 accept", "tcp dport 8080 drop"]
