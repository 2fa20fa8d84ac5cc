# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is in the way is refused, and neither that nor check mode leaves anything on the host."""

from __future__ import annotations

import pathlib

import pytest
from instances.servers import OTHERS, UNITS
from shared.gpu import SHARED
from shared.machine import Machine, play

SCENARIO = pathlib.Path(__file__).parents[1]
INVENTORIES = [SHARED / "inventory.yml", SCENARIO / "inventory.yml"]


def test_check_mode_left_nothing() -> None:
    ours = " -o ".join(f"-name '{name}'" for name in ("*keepwarm*", "ollama-warm*", "ollama@*", "ollama.target", "models-of-code"))
    assert Machine("gpu1").run(f"find /etc /usr/local /srv /run /var/lib {ours}") == ""


def test_the_vendor_s_server_is_not_stopped_unasked() -> None:
    gpu1 = Machine("gpu1")
    before = gpu1.state()
    outcome = play("site", INVENTORIES, "-e", "ollama_server_instances_replace=false", ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    assert list(outcome.messages.values()) == [
        "ollama.service listens on 127.0.0.1:11434, as instance chat is to: stop it for good with 'systemctl disable --now ollama.service',"
        " let the role do that by ollama_server_instances_replace, or give it an entry named default and an address of its own"
    ]
    assert outcome.changed == []
    assert gpu1.state() == before


@pytest.fixture(scope="module")
def theirs() -> Machine:
    """What others made stays there for the play, which is to take it over, as the inventory says."""
    gpu1 = Machine("gpu1")
    for name, content in OTHERS.items():
        escaped = content.replace("\n", "\\n")
        gpu1.run(f"printf '{escaped}' > {UNITS}/{name}")
    gpu1.run(f"systemctl daemon-reload && systemctl start {' '.join(OTHERS)}")
    return gpu1


@pytest.mark.parametrize(("name", "role"), [("ollama.target", "ollama_server"), ("ollama-warmup@chat.timer", "ollama_warmup")])
def test_what_others_made_under_a_name_of_several_servers_is_refused_by_name(theirs: Machine, name: str, role: str) -> None:
    before = theirs.state()
    outcome = play("site", INVENTORIES, f'--extra-vars={{"{role}_takeover": false}}', ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    said = f"{UNITS}/{name} (without the role's mark): not made by the role {role}, which would overwrite it: move it away, or set {role}_takeover to true"
    assert outcome.messages["gpu1"].startswith(said)
    assert (outcome.changed, theirs.state()) == ([], before)
