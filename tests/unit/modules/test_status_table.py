# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's table."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._fleet import fleet_table

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)
LISTED = {"forever": False, "expires_at": "2026-11-21T12:04:30Z", "processor": "25%/75% CPU/GPU", "context_length": 512}


def said(code: int, result: str, *models: dict[str, Any]) -> dict[str, Any]:
    return {"rc": code, "stdout": json.dumps({"exit": code, "result": result, "models": models}), "stderr": ""}


def model(**changes: Any) -> dict[str, Any]:
    return {"name": "a", "policy": "pin", "required": True, "resident": True, "drift": [], "after": LISTED, **changes}


def lines(results: dict[str, Any]) -> list[list[str]]:
    return [[cell for cell in line.split("  ") if cell] for line in fleet_table(results, NOW).splitlines()]


def test_each_model_of_each_host_has_a_line() -> None:
    forever = {**LISTED, "forever": True, "processor": "100% GPU"}
    table = [[cell.strip() for cell in line] for line in lines({
        "gpu1": said(0, "warm", model(after=forever), model(name="b", policy="warm", required=False)),
        "gpu2": said(1, "not warm", model(resident=False, after=None, drift=["absent"])),
    })]  # fmt: skip
    assert table == [
        ["HOST", "MODEL", "POLICY", "STATE", "UNTIL", "PROCESSOR", "CONTEXT", "DRIFT"],
        ["gpu1", "a", "pin", "resident", "for ever", "100% GPU", "512", "-"],
        ["gpu1", "b", "warm (optional)", "resident", "in 4 minutes", "25%/75% CPU/GPU", "512", "-"],
        ["gpu2", "a", "pin", "not resident", "-", "-", "-", "absent"],
        ["gpu2", "-", "-", "not warm", "-", "-", "-", "-"],
        [],
        ["1 of 2 hosts warm"],
    ]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "unreachable"),
        ({"unreachable": True}, "unreachable"),
        ({"rc": 127, "stdout": "", "stderr": "env: No such file"}, "no ollama-warmup here"),
        ({"msg": "no such module"}, "no ollama-warmup here"),
        ({"rc": 2, "stdout": "", "stderr": "ollama-warmup: bad\n"}, "ollama-warmup: bad"),
        ({"rc": 7, "stdout": "[]", "stderr": ""}, "status ended with 7"),
        (said(4, "stopped by an operator"), "no models are declared"),
    ],
)
def test_a_host_without_a_status_says_why(result: Any, words: str) -> None:
    table = fleet_table({"gpu1": result}, NOW)
    assert words in table
    assert table.endswith("0 of 1 hosts warm")
