# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Null declares nothing: nothing is proven, the agent is told so, and no gate waits for it. An empty list declares that none are to stay."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from support.role_tasks import ROLES, holds, task, value

ROLE = "ollama_warmup"
SAY, PROVE = "Say that nothing is declared, so that nothing is warm", "Prove that the declared models are resident"


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
    given = {"ollama_warmup_models": models}
    assert holds(ROLE, task(ROLE, "proof.yml", PROVE)["when"], **given) is declared
    assert holds(ROLE, task(ROLE, "proof.yml", SAY)["when"], **given) is not declared
    assert value(ROLE, "{{ __ollama_warmup_models | map(attribute='name') }}", **given) == names


def test_the_agent_is_told_null() -> None:
    configuration = "{{ __ollama_warmup_configuration }}"
    assert value(ROLE, configuration, ollama_warmup_url="http://127.0.0.1:1")["policy"]["models"] is None
    assert value(ROLE, configuration, ollama_warmup_url="http://127.0.0.1:1", ollama_warmup_models=[])["policy"]["models"] == []


def test_gates_are_refused() -> None:
    given = {"ollama_warmup_gates": [{"unit": "my-api.service"}]}
    (problem,) = value(ROLE, "{{ __ollama_warmup_problems }}", **given)
    assert problem.startswith("ollama_warmup_gates lets units wait until the declared models are resident, but ollama_warmup_models is null")
    assert value(ROLE, "{{ __ollama_warmup_problems }}", **given, ollama_warmup_models=[]) == []


def test_it_is_said_in_a_sentence() -> None:
    message = value(ROLE, task(ROLE, "proof.yml", SAY)["ansible.builtin.debug"]["msg"])
    assert message.startswith("no models are declared (ollama_warmup_models is null): the agent keeps nothing in memory, and the host does not count as warm.")
