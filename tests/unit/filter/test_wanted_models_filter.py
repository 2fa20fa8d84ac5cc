# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role makes of its own list and of the declared models."""

from __future__ import annotations

from ansible_collections.keepwarm.ollama.plugins.plugin_utils._wanted_models import wanted_models

DECLARED = [{"name": "qwen3", "num_ctx": 2048}, {"name": "nomic-embed-text", "policy": "pin"}]


def test_declared_models_are_added_unless_they_are_listed() -> None:
    found = wanted_models([{"name": "QWEN3:latest", "state": "absent", "gguf": None}], DECLARED, pull=True, state="latest", insecure=True)
    assert found == {
        "models": [{"name": "QWEN3:latest", "state": "absent"}, {"name": "nomic-embed-text", "state": "latest", "insecure": True}],
        "kept": [],
        "problems": [],
    }


def test_declared_models_that_are_not_pulled_are_not_pruned_either() -> None:
    found = wanted_models([{"name": "a"}], DECLARED, prune="unlisted")
    assert (found["models"], found["kept"]) == ([{"name": "a"}], ["qwen3", "nomic-embed-text"])


def test_every_problem_is_one_sentence() -> None:
    found = wanted_models([{"name": "a b"}, {"name": "c", "gguf": "d"}])
    assert len(found["problems"]) == 2
    assert found["models"] == []


def test_pruning_everything_is_refused() -> None:
    assert "would delete every model" in wanted_models([], prune="unlisted")["problems"][0]
