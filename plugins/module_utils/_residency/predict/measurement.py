# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What models were measured to take in memory, by everything that decides it. Pure values, a bounded collection of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._base.readers import MAYBE_TEXT, NUMBER, TEXT, WHOLE, InvalidValue, typed
from ..values.observation import Observation, ResidentModel
from .runner_settings import RunnerSettings, settings_of_runner

MOST = 200
"""Measurements that are kept; the oldest are dropped."""
_END_OF_SIZES = 2**63  # the server's own are of 64 bits
_END_OF_TIME = 2**37  # seconds; the year 6325


@dataclass(frozen=True)
class Measurement:
    """C(size) and C(size_vram) in bytes as C(/api/ps) gave them: the buffers that llama.cpp said it had allocated (llm/llama_server.go:
    MemorySize), or the size of the file where the server could not read that. C(measured_at) in seconds since 1970; C(name) is
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
    """As plain data; C(parse_measurement) reads it back."""
    others = {key: value for key, value in vars(measurement).items() if key != "settings"}
    return {**others, **vars(measurement.settings)}


def parse_measurement(raw: Mapping[str, Any]) -> Measurement:
    """Raises C(InvalidValue) for what is none."""
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
    """A size or a number of something. Raises C(InvalidValue) for what is none, or is none that a server could give: who reads the
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
