# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as plain data, as the role keeps it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import policy_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError, parse_policy


def residency_policy(raw: Any) -> dict[str, Any]:
    return policy_data(parse_policy(raw))


def test_defaults_are_filled_in_and_reading_them_back_changes_nothing() -> None:
    found = residency_policy({"models": [{"name": "a"}, {"name": "b", "policy": "warm", "keep_alive": "90s"}]})
    assert found["models"] == [
        {"name": "a", "policy": "pin", "keep_alive": -1, "num_ctx": None, "required": True, "min_gpu_percent": None, "slow_load_seconds": None},
        {"name": "b", "policy": "warm", "keep_alive": "90s", "num_ctx": None, "required": False, "min_gpu_percent": None, "slow_load_seconds": None},
    ]
    assert residency_policy(found) == found


def test_every_problem_is_named_at_once() -> None:
    policy = {"models": [{"name": "a", "keep_alive": "5m"}, {"name": "b:cloud"}, {"nam": "c"}], "max_loaded_models": "many"}
    with pytest.raises(PolicyError) as refused:
        residency_policy(policy)
    for part in ("keep_alive '5m' on a pin is finite", "'b:cloud' runs in the cloud", "unknown key 'nam'", "max_loaded_models 'many'"):
        assert part in str(refused.value)
