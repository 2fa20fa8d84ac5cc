# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared models before a server's own list."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.not_installed import models_not_installed

TAGS = ["tiny-a:latest", "Qwen3:8B", "hf.co/me/x:Q4_K_M", 3]


@pytest.mark.parametrize("name", ["tiny-a", "TINY-A:latest", "registry.ollama.ai/library/tiny-a", "qwen3:8b", "hf.co/me/x:q4_k_m"])
def test_a_model_is_found_by_any_of_its_names(name: str) -> None:
    assert models_not_installed([{"name": name}], TAGS) == []


def test_a_required_model_that_is_not_there_gets_its_sentence() -> None:
    declared = [{"name": "tiny-a", "required": True}, {"name": "tinny-a", "required": True}, {"name": "gone", "required": False}]
    assert models_not_installed(declared, TAGS) == ["tinny-a is not installed on the server: pull or create it first (ollama_model, or ollama pull tinny-a)"]


@pytest.mark.parametrize("to_come", [["new:1b"], [{"name": "NEW:1b", "source": "x"}], ["*"]])
def test_what_the_play_installs_is_not_lacking(to_come: list[Any]) -> None:
    assert models_not_installed([{"name": "new:1b"}], TAGS, to_come) == []


def test_what_the_play_deletes_is_not_to_come() -> None:
    assert len(models_not_installed([{"name": "new:1b"}], TAGS, [{"name": "new:1b", "state": "absent"}])) == 1


def test_a_server_without_models_has_none() -> None:
    assert len(models_not_installed([{"name": "a"}, {"name": "b"}], [])) == 2
