# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides how much memory a runner takes: read from its command line, from an environment, from its neighbours."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import (
    RunnerSettings,
    ServerSettings,
    settings_of_environment,
    settings_of_neighbours,
    settings_of_runner,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import ModelCard, Runners
from support.values import EMBEDS, GENERATES

UNKNOWN = RunnerSettings()
PLAIN = RunnerSettings(1, "f16", "auto")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/local/lib/ollama/llama-server --model /m/sha256-a -c 8192 -np 2 --flash-attn auto -b 512", RunnerSettings(2, "f16", "auto")),
        ("llama-server --model /m/sha256-a -np 1 --cache-type-k q8_0 --cache-type-v q8_0 --flash-attn on", RunnerSettings(1, "q8_0", "on")),
        ("llama-server --model /m/sha256-a -np many", RunnerSettings(None, "f16", None)),
        ("/usr/bin/ollama runner --ollama-engine --model /m/sha256-a --port 1", UNKNOWN),  # 0.11 to 0.24 tell it nothing there
        ("", UNKNOWN),
    ],
)
def test_a_command_line(command: str, expected: RunnerSettings) -> None:
    assert settings_of_runner(command.split()) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ServerSettings(PLAIN)),
        ({"OLLAMA_NUM_PARALLEL": " '4' ", "OLLAMA_KV_CACHE_TYPE": "Q8_0"}, ServerSettings(RunnerSettings(4, "q8_0", "auto"))),
        ({"OLLAMA_NUM_PARALLEL": "0", "OLLAMA_FLASH_ATTENTION": "0"}, ServerSettings(RunnerSettings(1, "f16", "off"))),
        ({"OLLAMA_NUM_PARALLEL": "four", "OLLAMA_FLASH_ATTENTION": "off"}, ServerSettings(RunnerSettings(1, "f16", "on"))),  # as the server has it
        ({"OLLAMA_CONTEXT_LENGTH": "8192", "OLLAMA_MAX_LOADED_MODELS": "3"}, ServerSettings(PLAIN, 8192, 3)),
        (
            dict.fromkeys(["OLLAMA_NUM_PARALLEL", "OLLAMA_KV_CACHE_TYPE", "OLLAMA_FLASH_ATTENTION", "OLLAMA_CONTEXT_LENGTH", "OLLAMA_MAX_LOADED_MODELS"]),
            ServerSettings(UNKNOWN),
        ),
    ],
)
def test_an_environment(environment: dict[str, str | None], expected: ServerSettings) -> None:
    assert settings_of_environment(environment) == expected


def test_of_neighbours_only_those_tell_that_could_run_in_parallel() -> None:
    cards = [ModelCard("1", EMBEDS), ModelCard("2", GENERATES, architecture="qwen3vl"), ModelCard("4", GENERATES), ModelCard("3", GENERATES)]
    arguments = {blob: ("llama-server", "-np", blob) for blob in "1234"}
    assert settings_of_neighbours(Runners(frozenset("1234"), arguments=arguments), cards).runner.num_parallel == 3
    assert settings_of_neighbours(Runners(frozenset("12"), arguments={key: arguments[key] for key in "12"}), cards) == ServerSettings()
    assert settings_of_neighbours(None, cards) == ServerSettings()


@pytest.mark.parametrize(
    ("card", "parallel"), [(ModelCard("b", GENERATES), 4), (ModelCard("b", EMBEDS), 1), (ModelCard("b", GENERATES, architecture="lfm2"), 1)]
)
def test_some_models_never_answer_several_at_once(card: ModelCard, parallel: int) -> None:
    assert RunnerSettings(4, "f16", "on").of_model(card) == RunnerSettings(parallel, "f16", "on")


@pytest.mark.parametrize(
    ("found", "wanted", "suits"),
    [
        (PLAIN, PLAIN, True),
        (RunnerSettings(1, "f16", "off"), PLAIN, True),  # the GPU has none
        (RunnerSettings(1, "f16", "on"), PLAIN, False),
        (RunnerSettings(1, "f16", "auto"), RunnerSettings(1, "f16", "off"), False),
        (RunnerSettings(2, "f16", "auto"), PLAIN, False),
        (RunnerSettings(1, "q8_0", "auto"), PLAIN, False),
        (UNKNOWN, PLAIN, False),
        (UNKNOWN, UNKNOWN, True),
    ],
)
def test_unknown_is_a_value_of_its_own(found: RunnerSettings, wanted: RunnerSettings, suits: bool) -> None:
    assert found.suits(wanted) is suits
