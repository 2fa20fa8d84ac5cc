# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runner was, or will be, started with that decides how much memory it takes. Pure.

A runner's own command line is the truth about it; since 0.30 it names everything (llm/llama_server.go: startLlamaServer), in
between 0.11 and 0.24 nothing. What the next runner will be started with, the server's environment tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..values.observation import ModelCard, Runners

CACHE_TYPE = "f16"
"""llama.cpp's own, where nothing else is asked for."""
_SERVER_PROGRAM = "llama-server"
_AUTO = "auto"
_FALSE = ("0", "f", "F", "FALSE", "false", "False")  # whatever else is not empty is true (docs/ollama-semantics.md#environment-variables)
_SERIAL_ARCHITECTURES = frozenset(
    ["mllama", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen3next", "lfm2", "lfm2moe", "nemotron_h", "nemotron_h_moe", "nemotron_h_omni"]
)  # never in parallel (server/sched.go: load)


@dataclass(frozen=True)
class RunnerSettings:
    """None is unknown, a value of its own. C(flash_attention) is C(on), C(off) or C(auto)."""

    num_parallel: int | None = None
    kv_cache_type: str | None = None
    flash_attention: str | None = None

    def suits(self, wanted: RunnerSettings) -> bool:
        """Whether a runner with these settings is one that is started with the wanted ones. Without a flash attention that
        is asked for, the server says C(off) where the GPU has none."""
        flash = self.flash_attention == wanted.flash_attention or (wanted.flash_attention, self.flash_attention) == (_AUTO, "off")
        return flash and (self.num_parallel, self.kv_cache_type) == (wanted.num_parallel, wanted.kv_cache_type)

    def of_model(self, card: ModelCard) -> RunnerSettings:
        """What they become for one model: some are never run in parallel (server/sched.go: load)."""
        serial = not card.generates or card.architecture in _SERIAL_ARCHITECTURES
        return RunnerSettings(1 if serial else self.num_parallel, self.kv_cache_type, self.flash_attention)


@dataclass(frozen=True)
class ServerSettings:
    """What a server starts its next runners with. C(max_loaded_models) and C(context_length) None where it decides itself."""

    runner: RunnerSettings = field(default_factory=RunnerSettings)
    context_length: int | None = None
    max_loaded_models: int | None = None


def settings_of_runner(arguments: Iterable[str]) -> RunnerSettings:
    """Of a command line."""
    words = tuple(arguments)
    options = dict(zip(words, words[1:]))
    if not words or not words[0].endswith(_SERVER_PROGRAM):
        return RunnerSettings()
    return RunnerSettings(
        num_parallel=_whole(options.get("-np")),
        kv_cache_type=options.get("--cache-type-k", CACHE_TYPE),
        flash_attention=options.get("--flash-attn"),
    )


def settings_of_environment(environment: Mapping[str, str | None]) -> ServerSettings:
    """Of a server that has this environment and no other (envconfig/config.go). A value of None is not known."""
    found = {key: None if value is None else value.strip().strip("\"'") for key, value in environment.items()}
    return ServerSettings(
        RunnerSettings(
            num_parallel=_number(found, "OLLAMA_NUM_PARALLEL", 1),
            kv_cache_type=_text(found, "OLLAMA_KV_CACHE_TYPE", CACHE_TYPE),
            flash_attention=_flash_attention(found),
        ),
        context_length=_number(found, "OLLAMA_CONTEXT_LENGTH", None),
        max_loaded_models=_number(found, "OLLAMA_MAX_LOADED_MODELS", None),
    )


def settings_of_neighbours(runners: Runners | None, cards: Iterable[ModelCard]) -> ServerSettings:
    """Of a server whose environment cannot be read, as far as its runners tell. One that embeds says nothing of parallel ones."""
    arguments = runners.arguments if runners is not None else {}
    generating = [card.blob for card in cards if card.generates and card.architecture not in _SERIAL_ARCHITECTURES]
    known = sorted(blob for blob in generating if blob is not None and blob in arguments)
    return ServerSettings(settings_of_runner(arguments[known[0]]) if known else RunnerSettings())


def _flash_attention(environment: Mapping[str, str | None]) -> str | None:
    value = environment.get("OLLAMA_FLASH_ATTENTION", "")
    if not value:
        return _AUTO if value == "" else None
    return "off" if value in _FALSE else "on"


def _text(environment: Mapping[str, str | None], key: str, default: str) -> str | None:
    value = environment.get(key, "")
    return (value.lower() or default) if value is not None else None


def _number(environment: Mapping[str, str | None], key: str, default: int | None) -> int | None:
    """Zero is the same as none; what is no number is the default, as the server has it."""
    value = environment.get(key, "")
    return (_whole(value) or default) if value is not None else None


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
