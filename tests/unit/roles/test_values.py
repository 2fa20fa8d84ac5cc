# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role's variable comes to where a play sets others."""

from __future__ import annotations

from typing import Any

import pytest
from support.role_variables import templated


@pytest.mark.parametrize(
    ("given", "most"),
    [
        ({}, None),
        ({"ollama_server_max_loaded_models": 0}, 0),
        ({"ollama_server_max_loaded_models": ""}, None),
        ({"ollama_server_max_loaded_models": 5}, 5),
        ({"ollama_server_max_loaded_models": 5, "ollama_warmup_max_loaded_models": 0}, 0),
        ({"ollama_warmup_models": [{"name": "x"}]}, 2),
    ],
)
def test_the_agent_counts_with_the_places_that_the_server_has(given: dict[str, Any], most: int | None) -> None:
    assert templated("{{ __ollama_warmup_flat.max_loaded_models }}", **given) == most
