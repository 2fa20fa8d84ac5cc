# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a request and of a model (api/types.go:Options)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .log import Logger

DEFAULT_BATCH = 512
DEFAULT_EMBEDDING_BATCH = 2048  # llm/llama_server.go:DefaultEmbeddingNumBatch

_RUNNER = {
    "num_ctx": "integer",
    "num_batch": "integer",
    "num_gpu": "integer",
    "main_gpu": "integer",
    "use_mmap": "boolean",
    "num_thread": "integer",
    "draft_num_predict": "integer",
}
_SAMPLING = {
    "num_keep": "integer",
    "seed": "integer",
    "num_predict": "integer",
    "top_k": "integer",
    "repeat_last_n": "integer",
    "top_p": "float32",
    "min_p": "float32",
    "typical_p": "float32",
    "temperature": "float32",
    "repeat_penalty": "float32",
    "presence_penalty": "float32",
    "frequency_penalty": "float32",
    "stop": "array",
}
KINDS = {**_RUNNER, **_SAMPLING}


class OptionError(ValueError):
    """An option of the wrong type; the server answers it with status 500."""


@dataclass(frozen=True)
class RunnerOptions:
    """What a runner is started with: a difference in any of them means a reload."""

    num_ctx: int
    num_batch: int = DEFAULT_BATCH
    num_gpu: int = -1
    main_gpu: int | None = None
    use_mmap: bool | None = None
    num_thread: int = 0
    draft_num_predict: int = 0


@dataclass(frozen=True)
class Options:
    """All options that matter to the stand-in."""

    runner: RunnerOptions
    num_predict: int = -1
    num_keep: int = 4
    num_ctx_auto: bool = True  # nobody asked for a context
    num_batch_auto: bool = True


def merge(
    journal: Logger,
    default_num_ctx: int,
    num_ctx_is_default: bool,
    embedding: bool,
    *maps: Mapping[str, Any],
) -> Options:
    """Options from the server's default, the model's parameters and the request, in this order.

    Raises OptionError. Source: server/routes.go:modelOptions, api/types.go:Options.FromMap.
    """
    given: dict[str, Any] = {}
    for values in maps:
        given.update(_checked(journal, values))
    runner = RunnerOptions(num_ctx=default_num_ctx)
    runner = replace(runner, **{key: given[key] for key in _RUNNER if key in given})
    batch_given = any("num_batch" in values for values in maps)
    if embedding and not batch_given:
        runner = replace(runner, num_batch=embedding_batch(runner.num_ctx))
    return Options(
        runner=runner,
        num_predict=int(given.get("num_predict", -1)),
        num_keep=int(given.get("num_keep", 4)),
        num_ctx_auto=num_ctx_is_default and not any("num_ctx" in values for values in maps),
        num_batch_auto=not batch_given and not embedding,
    )


def embedding_batch(num_ctx: int) -> int:
    return min(DEFAULT_EMBEDDING_BATCH, num_ctx) if num_ctx > 0 else DEFAULT_EMBEDDING_BATCH


def _checked(journal: Logger, values: Mapping[str, Any]) -> dict[str, Any]:
    checked = {}
    for key, value in values.items():
        if key not in KINDS:
            journal.warn("types.go:1009", "invalid option provided", option=key)
        elif value is not None:
            checked[key] = _convert(key, value, KINDS[key])
    return checked


def _convert(key: str, value: Any, kind: str) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "integer" and number:
        return int(value)
    if kind == "float32" and number:
        return float(value)
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind == "array" and isinstance(value, list):
        if not all(isinstance(each, str) for each in value):
            raise OptionError(f'option "{key}" must be of an array of strings')
        return value
    raise OptionError(f'option "{key}" must be of type {kind}')
