# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one server of a host, and several that were declared since."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.clashes import undeclared_server
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.address import effective_address
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._server_entries import server_entries

DROPIN = "/etc/systemd/system/ollama.service.d/zz-keepwarm.conf"
HERE = [{"name": "a", "port": 11434}, {"name": "b", "port": 11435}]
ELSEWHERE = HERE[1:]


def seen(**changes: Any) -> dict[str, Any]:
    return {
        "unit": "ollama.service", "active_state": "active", "enabled": True, "environment_predicted": {}, "dropin": DROPIN, "dropin_paths": [], **changes,
    }  # fmt: skip


def in_the_way(entries: list[dict[str, Any]], told: dict[str, Any], host: str | None = None) -> str | None:
    """As the role asks it, with the addresses of the settings."""
    found = server_entries(entries, "server", {"environment": {}}, {"host": host})
    return undeclared_server({one["name"]: effective_address(one["settings"]["host"]) for one in found["instances"]}, told)


def test_a_server_that_listens_where_an_instance_is_to() -> None:
    assert in_the_way(HERE, seen()) == (
        "ollama.service listens on 127.0.0.1:11434, as instance a is to: stop it for good with 'systemctl disable --now ollama.service', let the"
        " role do that by ollama_server_instances_replace, or give it an entry named default and an address of its own"
    )


@pytest.mark.parametrize(
    ("entries", "changes", "is_in_the_way"),
    [
        (ELSEWHERE, {}, False),
        (ELSEWHERE, {"environment_predicted": {"OLLAMA_HOST": "0.0.0.0:11435"}}, True),
        (ELSEWHERE, {"environment_predicted": None}, False),
        (HERE, {"active_state": "inactive"}, True),
        (HERE, {"active_state": "activating", "enabled": False}, True),
        (HERE, {"active_state": "failed", "enabled": False}, False),
        (HERE, {"active_state": "inactive", "enabled": False, "dropin_paths": [DROPIN]}, False),
        (ELSEWHERE, {"dropin_paths": [DROPIN]}, True),
        ([{"name": "default"}, *ELSEWHERE], {"dropin_paths": [DROPIN]}, False),
    ],
)
def test_when_it_is_in_the_way(entries: list[dict[str, Any]], changes: dict[str, Any], is_in_the_way: bool) -> None:
    assert bool(in_the_way(entries, seen(**changes))) is is_in_the_way


def test_one_that_was_declared_before_says_so() -> None:
    assert "ollama.service was declared before, and is not any more: stop it" in str(in_the_way(ELSEWHERE, seen(dropin_paths=[DROPIN])))


def test_the_host_s_address_counts() -> None:
    assert in_the_way([{"name": "a"}], seen(), host="127.0.0.1:9") is None
