# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rescue has to tell of the task that failed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._failure_sentence import failure_sentence as sentence

LOOP = {"msg": "One or more items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "the disk is full."}, {"failed": True, "msg": "later"}]}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"msg": "the disk is full"}, "the disk is full"),
        ({"msg": "first line\n  second line.\n"}, "first line second line"),
        (LOOP, "the disk is full"),
        ({"msg": "All items completed", "results": []}, "All items completed"),
        ({"msg": ["one thing", "another"]}, "one thing. another"),
        ({"reason": "Could not find or access 'hook.yml'"}, "Could not find or access 'hook.yml'"),
        ({"msg": "", "rc": 1, "stderr": "no such node"}, "no such node"),
        ({"rc": 1}, "the task 'Drain' failed"),
    ],
)
def test_the_nearest_cause_is_told_in_one_line(result: dict[str, Any], expected: str) -> None:
    assert sentence(result, "Drain") == expected
