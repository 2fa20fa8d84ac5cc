# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same host, repaired: nothing is wrong, which is said in one line; what was before the server's start is a note."""

from __future__ import annotations

import json

from shared.machine import Machine


def test_a_repaired_host_is_healthy(repaired: Machine) -> None:
    told = json.loads(repaired.run("ollama-warmup doctor --json"))
    assert {finding["code"]: finding["severity"] for finding in told["findings"]} == {
        "evicted_after_oom": "note",
        "gpu_fault": "note",
        "invalid_variable": "note",
    }
    assert (told["healthy"], told["exit"], told["unseen"]) == (True, 0, [])
    assert all(expiry[:4] > "2300" for expiry in repaired.resident().values())
    assert set(repaired.resident()) == {"tiny-a:latest", "embed:latest"}


def test_its_page_begins_with_one_line(repaired: Machine) -> None:
    first = repaired.run("ollama-warmup doctor").splitlines()[0]
    assert ": healthy (ollama.service at http://127.0.0.1:11434); checked: unit and environment, " in first
