# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the role ollama_gateway finds the server, and when others reach it past the gateway."""

from __future__ import annotations

from typing import Any

import pytest
from support.role_tasks import holds, task, value

ROLE, UNIT = "ollama_gateway", "ollama.service"
LOCAL: dict[str, str] = {}
OPEN = {"OLLAMA_HOST": "0.0.0.0"}


def exposed(running: Any, effective: Any, outlook: Any = None, check_mode: bool = True, **given: Any) -> list[str]:
    found: list[str] = value(
        ROLE,
        "{{ __ollama_gateway_exposed }}",
        __ollama_gateway_server={"url": "http://127.0.0.1:11434", "environment_running": running, "environment_effective": effective},
        ollama_gateway_unit=UNIT,
        ollama_server_outlook={UNIT: outlook} if outlook else {},
        ansible_check_mode=check_mode,
        **given,
    )
    return found


def predicted(environment: dict[str, str], restarts: bool) -> dict[str, Any]:
    return {"comes": False, "restarts": restarts, "url": "http://127.0.0.1:11434", "environment": environment}


@pytest.mark.parametrize("upstream", ["", "127.0.0.1:11434"])
def test_an_address_of_the_proxy_switches_no_check_off(upstream: str) -> None:
    assert exposed(LOCAL, OPEN, ollama_gateway_upstream=upstream) == ["0.0.0.0"]
    assert exposed(OPEN, LOCAL, ollama_gateway_upstream=upstream) == ["0.0.0.0"]
    assert exposed(LOCAL, LOCAL, ollama_gateway_upstream=upstream) == []
    assert exposed(None, LOCAL, ollama_gateway_upstream=upstream) == []
    assert "when" not in task(ROLE, "main.yml", "Ask where the server answers")


def test_check_mode_judges_what_the_server_is_about_to_be() -> None:
    assert exposed(LOCAL, LOCAL, predicted(OPEN, True)) == ["0.0.0.0"]
    assert exposed(OPEN, OPEN, predicted(LOCAL, True)) == []
    assert exposed(OPEN, OPEN, predicted(LOCAL, False)) == ["0.0.0.0"]
    assert exposed(None, LOCAL, {**predicted(OPEN, True), "comes": True}) == ["0.0.0.0"]
    assert exposed(LOCAL, LOCAL, predicted(OPEN, True), check_mode=False) == []


def test_before_a_server_of_compose_the_declaration_counts_which_systemd_does_not_know() -> None:
    unknown = {"url": None, "environment_running": None, "environment_effective": {}}
    given = {"__ollama_gateway_server": unknown, "ollama_gateway_unit": UNIT, "ollama_server_deployment": "compose", "ansible_check_mode": False}
    right = {"ollama_gateway_clients": [{"name": "laptop", "token": "laptop-0123456789abcdef"}], "ollama_gateway_listen": ["127.0.0.1:11443"]}
    told = {"ansible_facts": {"os_family": "Debian"}, **given, **right}
    assert value(ROLE, "{{ __ollama_gateway_upstream }}", **told) == "127.0.0.1:11434"
    assert value(ROLE, "{{ __ollama_gateway_exposed }}", **told) == []
    open_to_all = {**told, "ollama_server_host": "0.0.0.0:11500", "ollama_gateway_upstream": "127.0.0.1:11500"}
    assert value(ROLE, "{{ __ollama_gateway_exposed }}", **open_to_all) == ["0.0.0.0"]
    assert value(ROLE, "{{ __ollama_gateway_upstream }}", **{**open_to_all, "ollama_gateway_upstream": ""}) == "127.0.0.1:11500"


DISTRIBUTIONS = [("Debian", "11", False), ("Debian", "12", True), ("Ubuntu", "22.04", False), ("Ubuntu", "24.04", True)]


@pytest.mark.parametrize(("name", "version", "usable"), DISTRIBUTIONS)
def test_a_distribution_without_njs_is_refused(name: str, version: str, usable: bool) -> None:
    facts = {"os_family": "Debian", "distribution": name, "distribution_version": version, "distribution_major_version": version.partition(".")[0]}
    assert holds(ROLE, "__ollama_gateway_has_njs", ansible_facts=facts) is usable
    refusal = task(ROLE, "begin.yml", "Refuse a distribution without njs")["ansible.builtin.assert"]["fail_msg"]
    assert value(ROLE, refusal, ansible_facts=facts).startswith(f"{name} {version} has no njs for its nginx that the gateway could use")


def test_a_gateway_is_asked_for_by_what_it_needs_and_an_input_left_blank_is_said_so() -> None:
    assert value(ROLE, "{{ ollama_gateway_asked_for }}") in (False, "False")
    for given in ("ollama_gateway_clients", "ollama_gateway_tls_certificate"):
        assert value(ROLE, "{{ ollama_gateway_asked_for }}", **{given: None}) in (True, "True")
        problems = value(ROLE, "{{ ollama_gateway_problems }}", ansible_facts={"os_family": "Debian"}, **{given: None})
        assert problems[0].startswith(f"{given} is null, which is no value of it")
