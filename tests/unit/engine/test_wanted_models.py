# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is listed, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide import wanted_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import InstalledModel
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError
from support.values import digest


def installed(*names: str) -> list[InstalledModel]:
    return [InstalledModel(ModelName.parse(name), digest(name), 5) for name in names]


def test_a_tag_is_part_of_the_name() -> None:
    there = installed("llama3.2:latest", "llama3.2:1b")
    wanted = wanted_models.read_wanted([{"name": "llama3.2:1b"}])
    assert wanted_models.find(there, wanted[0].name) == there[1]
    assert wanted_models.unlisted(there, wanted) == (there[0],)
    assert wanted_models.find(there[:1], wanted[0].name) is None


def test_a_name_without_a_tag_means_latest_in_whatever_case() -> None:
    there = installed("Llama3.2:latest")
    wanted = wanted_models.read_wanted([{"name": "llama3.2"}])
    assert wanted_models.unlisted(there, wanted) == ()


def test_what_is_to_be_absent_is_not_pruned_a_second_time() -> None:
    there = installed("a", "b", "c")
    wanted = wanted_models.read_wanted([{"name": "a"}, {"name": "b", "state": "absent"}], "unlisted")
    assert [str(model.name) for model in wanted_models.unlisted(there, wanted)] == ["c:latest"]


def test_names_that_are_kept_are_not_pruned() -> None:
    wanted = wanted_models.read_wanted([], "unlisted", ["B:latest"])
    assert [str(model.name) for model in wanted_models.unlisted(installed("a", "b"), wanted, ["B"])] == ["a:latest"]
    with pytest.raises(PolicyError, match="model name 'b c'"):
        wanted_models.read_wanted([], "unlisted", ["b c"])


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([{"name": "a b"}], "model 'a b': model name 'a b' has the model 'a b', which the server refuses"),
        ([{"name": "a"}, {"name": "A:latest"}], "model 'A:latest' is listed twice (as A:latest): keep one"),
        ([{"name": "a", "gguf": "x.gguf"}], "gguf 'x.gguf' is no absolute path"),
        ([{"name": "a", "gguf": "/x", "modelfile": "FROM b"}], "it has both gguf and modelfile"),
        ([{"name": "a", "modelfile": "FROM b c"}], "model name 'b c'"),
        ([{"name": "a", "modelfile": "SYSTEM b"}], "modelfile has no FROM"),
        ([{"name": "a", "gguf": "/x", "state": "absent"}], "gguf and modelfile say nothing"),
    ],
)
def test_what_is_refused(entries: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(PolicyError) as refused:
        wanted_models.read_wanted(entries)
    assert len(refused.value.problems) == 1
    assert sentence in refused.value.problems[0]


@pytest.mark.parametrize("entries", [[], [{"name": "a", "state": "absent"}]])
def test_pruning_with_nothing_to_keep_is_refused(entries: list[dict[str, Any]]) -> None:
    wanted_models.read_wanted(entries)
    with pytest.raises(PolicyError, match="would delete every model"):
        wanted_models.read_wanted(entries, "unlisted")
