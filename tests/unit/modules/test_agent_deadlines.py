# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that waits longer for a load than the agent does is warned about, naming both."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.deadlines import load_timeout_warning


@pytest.mark.parametrize(("server", "told"), [("30m", "30m"), ("901", "15m1s"), ('"1h"', "1h"), ("-1", "no limit"), ("0", "no limit")])
def test_a_longer_one_is_named_with_the_agent_s(server: str, told: str) -> None:
    sentence = load_timeout_warning({"OLLAMA_LOAD_TIMEOUT": server}, 900.0)
    assert sentence.startswith(f"OLLAMA_LOAD_TIMEOUT ({told}, ollama_server_load_timeout) is longer than ollama_warmup_load_timeout (15m), after which")


@pytest.mark.parametrize("environment", [None, {}, {"OLLAMA_LOAD_TIMEOUT": None}, *({"OLLAMA_LOAD_TIMEOUT": value} for value in ("900s", "5m", "", "1d", 60))])
def test_others_are_not(environment: Any) -> None:
    assert load_timeout_warning(environment, 900) == ""
