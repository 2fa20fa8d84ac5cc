# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook decides by itself: when a host has failed."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml
from support.role_variables import templated

(PLAY,) = yaml.safe_load((pathlib.Path(__file__).parents[3] / "playbooks/upgrade.yml").read_text())


@pytest.mark.parametrize(
    ("noted", "run", "check"),
    [
        ({}, False, False),
        ({"failure": "x", "resumed": False}, True, True),
        ({"failure": "x", "resumed": True}, True, False),
        ({"failure": "x", "resumed": True, "undo_failure": "y"}, True, True),
        ({"failure": "x", "resumed": True, "end_failure": "y"}, True, True),
        ({"end_failure": "y"}, True, True),
    ],
)
def test_which_hosts_fail(noted: dict[str, Any], run: bool, check: bool) -> None:
    found = {f"__keepwarm_{name}": value for name, value in noted.items()}
    assert templated(PLAY["vars"]["__keepwarm_failed"], ansible_check_mode=False, **found) is run
    assert templated(PLAY["vars"]["__keepwarm_failed"], ansible_check_mode=True, **found) is check
