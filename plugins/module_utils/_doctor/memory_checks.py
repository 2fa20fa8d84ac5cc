# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is there room for what is declared: how many models the server keeps, and what memory holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .._base.text import human_bytes
from .._residency.values.observation import Observation
from .._systemd.env_values import read_number
from .examination import Examination
from .finding import NOTE, PROBLEM, WARNING, Finding, Kind, seen

TOO_FEW = Kind(
    "too_few_places",
    PROBLEM,
    "{pins} models are declared to stay for ever, but the server keeps {places} at most: they push each other out",
    "ollama_server_max_loaded_models: {wanted}",
)
NO_SPARE = Kind(
    "no_spare_place",
    WARNING,
    "{sentence}",
    "ollama_server_max_loaded_models: {wanted}",
)
WILL_NOT_FIT = Kind("does_not_fit", WARNING, "{sentence}", "declare fewer or smaller models, or a smaller num_ctx")
AUTOMATIC_CONTEXT = Kind(
    "context_automatic",
    NOTE,
    "no context is declared, so that the server gives each model one of {context} tokens, by the size of the GPU: that much memory it reserves",
    "ollama_server_context_length, or num_ctx of each model",
)
TAKEN = Kind(
    "vram_taken",
    NOTE,
    "other programs, or other instances, hold {others} of the {total} of GPU memory",
    "nvidia-smi tells which; declare models that fit into the rest",
)
KINDS = (TOO_FEW, NO_SPARE, WILL_NOT_FIT, AUTOMATIC_CONTEXT, TAKEN)
_PLACES = "OLLAMA_MAX_LOADED_MODELS"
_MUCH = 0.1  # of all GPU memory; a driver and a desktop have less
_LARGE = 32768  # tokens; what a server with 23 GiB of GPU memory or more takes by itself (docs/ollama-semantics.md#default-context)


def check(look: Examination) -> Iterator[Finding]:
    """What does not fit, or only just."""
    yield from _places(look)
    for sentence in look.predictions:
        yield WILL_NOT_FIT.found(seen("measured sizes", sentence), sentence=sentence)
    observation = look.server.observation if look.server else None
    if observation is not None:
        yield from _context(look, observation)
        yield from _others(look, observation)


def _places(look: Examination) -> Iterator[Finding]:
    if look.policy is None or look.is_elsewhere or look.unit is None or not (look.unit.serves and look.unit.unit.exists):
        return  # nobody here knows that server's limit
    text, gpus = look.unit.environment.get(_PLACES), look.driver.count
    policy = replace(look.policy, max_loaded_models=read_number(text))
    pins, places = len(policy.pins), policy.limit(gpus)
    evidence = [seen(look.unit_name, f"{_PLACES}={text}" if text else f"no {_PLACES}")]
    evidence += [] if policy.max_loaded_models else [seen("the GPUs' drivers", f"GPUs: {gpus}")]
    for sentence in policy.warnings(gpus):
        kind = TOO_FEW if pins > places else NO_SPARE
        yield kind.found(*evidence, sentence=sentence, pins=pins, places=places, wanted=pins + 1)


def _context(look: Examination, observation: Observation) -> Iterator[Finding]:
    declared = look.unit is not None and read_number(look.unit.environment.get("OLLAMA_CONTEXT_LENGTH")) > 0
    models = look.policy.models if look.policy else ()
    if declared or len(models) < 2 or all(model.num_ctx for model in models):
        return
    large = [entry for entry in observation.resident if (entry.context_length or 0) >= _LARGE]
    if large:
        evidence = (seen("/api/ps", f"{entry.name} context_length={entry.context_length}") for entry in large)
        yield AUTOMATIC_CONTEXT.found(*evidence, context=large[0].context_length)


def _others(look: Examination, observation: Observation) -> Iterator[Finding]:
    if look.vram is None:
        return
    others = look.vram.used - sum(entry.size_vram for entry in observation.resident)
    if others > look.vram.total * _MUCH:
        evidence = seen("the GPU's driver", f"used {look.vram.used} of {look.vram.total} bytes")
        yield TAKEN.found(evidence, others=human_bytes(others), total=human_bytes(look.vram.total))
