# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is to listen at an address that the host does not have: a crash loop, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from shared.machine import Machine

LOOP = (
    "printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nEnvironment=OLLAMA_HOST=198.51.100.7:11434\n' > /etc/systemd/system/ollama.service.d/zzzz.conf",
    "systemctl daemon-reload",
    "systemctl restart --no-block ollama.service",
    "timeout 60 sh -c 'until [ $(systemctl show --value --property=NRestarts ollama.service) -ge 3 ]; do sleep 0.2; done'",
)


@pytest.fixture(scope="session")
def looping(repaired: Machine) -> Mapping[str, Mapping[str, Any]]:
    for command in LOOP:
        repaired.run(command)
    told = json.loads(repaired.run("ollama-warmup doctor --json || [ $? = 1 ]"))
    return {finding["code"]: finding for finding in told["findings"]}


def test_a_crash_loop_is_a_problem_with_the_servers_last_error(looping: Mapping[str, Mapping[str, Any]]) -> None:
    assert looping["crash_loop"]["severity"] == "problem"
    assert looping["crash_loop"]["what"].endswith("Error: listen tcp 198.51.100.7:11434: bind: cannot assign requested address")


def test_its_reason_is_named_with_what_to_do(looping: Mapping[str, Mapping[str, Any]]) -> None:
    assert "correct ollama_server_host" in looping["bind_no_such_address"]["remedy"]
