# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is in the way is refused, and neither that nor check mode leaves anything on the host."""

from __future__ import annotations

import pathlib

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
