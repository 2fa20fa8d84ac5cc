# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Null declares nothing: nothing is proven, the agent is told so, and no gate waits for it. An empty list declares that none are to stay."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from support.role_tasks import ROLES, value

ROLE = "ollama_warmup"


def test_it_is_the_default() -> None:
    assert yaml.safe_load((ROLES / ROLE / "defaults/main.yml").read_text())["ollama_warmup_models"] is None


@pytest.mark.parametrize(
    ("models", "declared", "names"),
    [
        (None, False, []),
        ("", False, []),  # what a templated null is up to ansible-core 2.18
        ([], True, []),
        ("a,b", True, ["a", "b"]),
        (["a", {"name": "b"}], True, ["a", "b"]),
    ],
)
def test_what_is_declared_is_proven_and_nothing_else(models: Any, declared: bool, names: list[str]) -> None:
    to_prove = value(ROLE, "{{ __ollama_warmup_to_prove }}", ollama_warmup_models=models)
    assert bool(to_prove) is declared
    for entry in to_prove:
        assert value(ROLE, "{{ __ollama_warmup_models | map(attribute='name') }}", __ollama_warmup_entry=entry) == names


def test_no_proof_is_made_where_none_is_wanted() -> None:
    assert value(ROLE, "{{ __ollama_warmup_to_prove }}", ollama_warmup_models=["a"], ollama_warmup_prove="false") == []


def test_gates_are_refused() -> None:
    given = {"ollama_warmup_gates": [{"unit": "my-api.service"}]}
    (problem,) = value(ROLE, "{{ ollama_warmup_problems }}", **given)
    assert problem.startswith("ollama_warmup_gates lets units wait until the declared models are resident, but ollama_warmup_models is null")
    assert value(ROLE, "{{ ollama_warmup_problems }}", **given, ollama_warmup_models=[]) == []
