# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ollama_warmup makes of the server's address: what the agent may reach, whose server it is, and what cannot be watched."""

from __future__ import annotations

from typing import Any

import pytest
from support.role_tasks import holds, task, value

ROLE = "ollama_warmup"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:11434", ["localhost", "127.0.0.1"]),
        ("http://localhost:11434", ["localhost"]),
        ("http://[::1]:11434", ["localhost", "::1"]),
        ("http://192.168.1.7:11434", ["localhost", "192.168.1.7"]),
        ("http://[fd00::2]:11434", ["localhost", "fd00::2"]),
        ("http://[::ffff:10.0.0.7]:11434", ["localhost", "::ffff:10.0.0.7"]),
        ("http://gpu-1:11434", []),  # whatever that is resolved to, by a resolver somewhere
        ("http://127.gpu.example", []),
    ],
)
def test_the_agent_may_reach_its_server_and_no_other_machine(url: str, allowed: list[str]) -> None:
    assert value(ROLE, "{{ __ollama_warmup_ip_allow }}", __ollama_warmup_url=url) == allowed


@pytest.mark.parametrize(
    ("watch", "url", "own", "goes_on"),
    [
        (True, "http://192.168.1.7:11434", True, True),
        (True, "http://10.0.0.7:11434", False, False),
        ("true", "http://10.0.0.7:11434", False, False),
        (False, "http://10.0.0.7:11434", False, True),
        (True, "", None, True),
    ],
)
def test_another_machines_processes_cannot_be_watched(watch: Any, url: str, own: bool | None, goes_on: bool) -> None:
    refusal = task(ROLE, "refuse.yml", "Refuse to watch the processes of another machine")["ansible.builtin.assert"]
    given = {"ollama_warmup_watch": watch, "ollama_warmup_url": url, "__ollama_warmup_server": {"client_url_is_own": own}}
    assert holds(ROLE, refusal["that"], **given) is goes_on
    assert "no address of it" in value(ROLE, refusal["fail_msg"], **given)
