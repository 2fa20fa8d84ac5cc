# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What models were measured to take in memory, and the settings of a runner that decide it. Pure values, a bounded collection of them.

A runner's own command line is the truth about its settings; since 0.30 it names everything (llm/llama_server.go: startLlamaServer), in
between 0.11 and 0.24 nothing. What the next runner will be started with, the server's environment tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._base.readers import MAYBE_TEXT, NUMBER, TEXT, WHOLE, InvalidValue, typed
from ..values.observation import ModelCard, Observation, ResidentModel, Runners

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
    """None is unknown, a value of its own. `flash_attention` is `on`, `off` or `auto`."""

    num_parallel: int | None = None
    kv_cache_type: str | None = None
    flash_attention: str | None = None

    def suits(self, wanted: RunnerSettings) -> bool:
        """Whether a runner with these settings is one that is started with the wanted ones. Without a flash attention that
        is asked for, the server says `off` where the GPU has none."""
        flash = self.flash_attention == wanted.flash_attention or (wanted.flash_attention, self.flash_attention) == (_AUTO, "off")
        return flash and (self.num_parallel, self.kv_cache_type) == (wanted.num_parallel, wanted.kv_cache_type)

    def of_model(self, card: ModelCard) -> RunnerSettings:
        """What they become for one model: some are never run in parallel (server/sched.go: load)."""
        serial = not card.generates or card.architecture in _SERIAL_ARCHITECTURES
        return RunnerSettings(1 if serial else self.num_parallel, self.kv_cache_type, self.flash_attention)


@dataclass(frozen=True)
class ServerSettings:
    """What a server starts its next runners with. `max_loaded_models` and `context_length` None where it decides itself."""

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


MOST = 200
"""Measurements that are kept; the oldest are dropped."""
_END_OF_SIZES = 2**63  # the server's own are of 64 bits
_END_OF_TIME = 2**37  # seconds; the year 6325


@dataclass(frozen=True)
class Measurement:
    """`size` and `size_vram` in bytes as `/api/ps` gave them: the buffers that llama.cpp said it had allocated (llm/llama_server.go:
    MemorySize), or the size of the file where the server could not read that. `measured_at` in seconds since 1970; `name` is
    only for people."""

    digest: str
    context_length: int | None
    settings: RunnerSettings
    size: int
    size_vram: int
    measured_at: float
    name: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What one measurement replaces another by."""
        return self.digest, self.context_length, self.settings


def measure(look: Observation, measured_at: float) -> tuple[Measurement, ...]:
    """Everything that is in memory. A runner that died takes none, whatever the list says."""
    return tuple(_measurement(entry, look, measured_at) for entry in look.living if entry.size)


def keep(known: Iterable[Measurement], new: Iterable[Measurement], most: int = MOST) -> tuple[Measurement, ...]:
    """The last of each key, oldest first."""
    found = {measurement.key: measurement for measurement in (*known, *new)}
    return tuple(sorted(found.values(), key=lambda measurement: measurement.measured_at)[-most:])


def measurement_data(measurement: Measurement) -> dict[str, Any]:
    """As plain data; `parse_measurement` reads it back."""
    others = {key: value for key, value in vars(measurement).items() if key != "settings"}
    return {**others, **vars(measurement.settings)}


def parse_measurement(raw: Mapping[str, Any]) -> Measurement:
    """Raises `InvalidValue` for what is none."""
    return Measurement(
        digest=typed(raw, "digest", TEXT, exact=True),
        context_length=_maybe_whole(raw, "context_length"),
        settings=RunnerSettings(
            _maybe_whole(raw, "num_parallel"),
            typed(raw, "kv_cache_type", MAYBE_TEXT, exact=True),
            typed(raw, "flash_attention", MAYBE_TEXT, exact=True),
        ),
        size=whole(raw, "size"),
        size_vram=whole(raw, "size_vram"),
        measured_at=_moment(raw, "measured_at"),
        name=typed(raw, "name", TEXT, exact=True),
    )


def whole(raw: Mapping[str, Any], key: str) -> int:
    """A size or a number of something. Raises `InvalidValue` for what is none, or is none that a server could give: who reads the
    file may be root, and JSON has numbers that no text and no date can be made of."""
    value: int = typed(raw, key, WHOLE)
    if not 0 <= value < _END_OF_SIZES:
        raise InvalidValue(f"{key} is out of range")
    return value


def _maybe_whole(raw: Mapping[str, Any], key: str) -> int | None:
    return None if raw.get(key) is None else whole(raw, key)


def _moment(raw: Mapping[str, Any], key: str) -> float:
    value: float = typed(raw, key, NUMBER)
    if not 0 <= value < _END_OF_TIME:  # as neither an infinite one is, nor what is no number
        raise InvalidValue(f"{key} is out of range")
    return value


def _measurement(entry: ResidentModel, look: Observation, measured_at: float) -> Measurement:
    arguments = look.runners.arguments if look.runners is not None else {}
    settings = settings_of_runner(arguments.get(look.blob_of(entry.digest) or "", ()))
    return Measurement(entry.digest, entry.context_length, settings, entry.size, entry.size_vram, measured_at, str(entry.name))
