# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play announces of declarations that changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.declarations import changed_declarations

RELOADED = "it is reloaded once, if it is in memory with another context"
WARM = {"name": "w", "policy": "warm", "keep_alive": "30m"}


def declared(models: Any) -> str:
    """As the agent's configuration has it."""
    return json.dumps({"policy": {"models": models}})


@pytest.mark.parametrize(
    ("before", "after", "sentences"),
    [
        ([{"name": "a", "num_ctx": 256}], [{"name": "a", "num_ctx": 256}], []),
        ([{"name": "a", "num_ctx": 256}], [{"name": "a", "num_ctx": 128}], [f"num_ctx of a changes from 256 to 128: {RELOADED}"]),
        ([{"name": "a"}], [{"name": "a:latest", "num_ctx": 128}], [f"num_ctx of a:latest changes from the server's default to 128: {RELOADED}"]),
        ([{"name": "a", "num_ctx": 256}], [{"name": "a"}], []),
        ([{"name": "a"}], [{"name": "a"}, {"name": "b", "num_ctx": 128}], []),
        ([WARM], [{**WARM, "keep_alive": "1h"}], ["keep_alive of w changes from 30m to 1h: its expiry is set once, if it is in memory"]),
        ([WARM], [{**WARM, "keep_alive": 1800}], []),
    ],
)
def test_each_change_has_a_sentence(before: Any, after: Any, sentences: list[str]) -> None:
    assert changed_declarations(declared(before), declared(after)) == sentences


@pytest.mark.parametrize("former", ["", "no JSON", "[]", "{}", '{"policy": {"models": 3}}', "[" * 100_000])
def test_without_a_former_configuration_there_is_nothing_to_announce(former: str) -> None:
    assert changed_declarations(former, declared([{"name": "a", "num_ctx": 128}])) == []
