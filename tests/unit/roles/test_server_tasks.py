# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of ollama_server decide that put a program on a host and take it away again."""

from __future__ import annotations

from typing import Any

import pytest
from support.role_tasks import holds, names, task, value

ROLE = "ollama_server"


def stays(unit: str, active: str = "active", exe: str = "/usr/bin/ollama") -> dict[str, Any]:
    """What M(keepwarm.ollama.ollama_unit_info) tells of a server before a removal."""
    return {"item": unit, "active_state": active, "exe": exe}


@pytest.mark.parametrize(
    ("restart", "restored", "ended", "server", "goes_on"),
    [
        ("auto", ["ollama.service"], [], stays("ollama.service"), True),
        ("never", ["ollama.service"], [], stays("ollama.service"), False),
        ("never", ["ollama.service"], [], stays("ollama.service", "inactive"), True),
        ("never", [], [], stays("ollama.service"), True),
        # The unit came back in a run that was interrupted then.
        ("never", [], [], stays("ollama.service", exe="/opt/ollama/0.32.15/bin/ollama"), False),
        ("never", [], [], stays("ollama.service", exe="/opt/ollama-of-others/bin/ollama"), True),
        ("never", [], ["ollama.service"], stays("ollama.service", exe="/opt/ollama/0.32.15/bin/ollama"), True),
    ],
)
def test_the_program_of_a_running_server_is_not_removed(
    restart: str, restored: list[str], ended: list[str], server: dict[str, Any], goes_on: bool
) -> None:
    refusal = task(ROLE, "absent.yml", "Refuse to remove what a server runs that is not to be restarted")
    given = {
        **refusal["vars"],
        "ollama_server_restart": restart,
        "__ollama_server_theirs": {"restored": restored, "ended": ended},
        "__ollama_server_stay": {"results": [server]},
    }
    assert holds(ROLE, refusal["ansible.builtin.assert"]["that"], **given) is goes_on
    sentence = value(ROLE, refusal["ansible.builtin.assert"]["fail_msg"], **given)
    assert goes_on or sentence.startswith("ollama.service runs what would be removed, and ollama_server_restart is never:")


def test_it_is_refused_before_anything_is_removed() -> None:
    tasks = names(ROLE, "absent.yml")
    refused = tasks.index("Refuse to remove what a server runs that is not to be restarted")
    assert refused < min(number for number, name in enumerate(tasks) if name.startswith("Remove "))
