# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a model will take: measured where it was, else worked out. Pure. Everything in bytes.

Worked out is the file, plus 2 (keys and values) x layers x KV heads x head length x context x parallel requests x bytes of the
cache's type. That is the server's own sum (llm/llama_server.go: PredictServerVRAM of 0.33, which always counts f16 and calls it
intentionally conservative), with the model's own lengths of keys and values. It is wrong

- by what llama.cpp computes in, which is left out: some hundred MB, up to some GB with contexts above 32768;
- upwards, by up to the whole cache, for models with a sliding window, a compressed or a recurrent cache (Gemma, DeepSeek, Qwen3-Next);
- upwards for what stays in the processor's memory: input embeddings, a projector.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ..values.observation import CacheShape
from .measurement import CACHE_TYPE, Measurement, RunnerSettings

MEASURED = "measured"
ESTIMATED = "estimated"
_F16 = 2
# ggml-common.h: blocks of 32 numbers, each with a scale or two of 16 bits
_BYTES = {
    "f32": Fraction(4),
    "f16": Fraction(_F16),
    "bf16": Fraction(2),
    "q8_0": Fraction(34, 32),
    "q5_1": Fraction(24, 32),
    "q5_0": Fraction(22, 32),
    "q4_1": Fraction(20, 32),
    "q4_0": Fraction(18, 32),
    "iq4_nl": Fraction(18, 32),
}


@dataclass(frozen=True)
class Footprint:
    """What a model takes, in bytes, and whether that was `measured` or is `estimated`; `reckoned` is what the scheduler
    counts with. None is unknown."""

    size: int | None = None
    evidence: str = ESTIMATED
    reckoned: int | None = None


@dataclass(frozen=True)
class Subject:
    """A model as it is to be loaded. `file_size` in bytes, `context_length` in tokens for each of the parallel requests."""

    digest: str
    file_size: int
    cache: CacheShape | None
    context_length: int | None
    settings: RunnerSettings

    @property
    def tokens(self) -> int | None:
        """Of all parallel requests; one at a time unless it is known otherwise."""
        return self.context_length * (self.settings.num_parallel or 1) if self.context_length else None


def footprint(subject: Subject, measurements: Iterable[Measurement]) -> Footprint:
    """The last measurement of the same; else one under other conditions, the difference of the caches added; else the sum above."""
    own = [measurement for measurement in measurements if measurement.digest == subject.digest]
    same = [found for found in own if found.context_length == subject.context_length and found.settings.suits(subject.settings)]
    reckoned = _reckoned(subject)
    if same:
        return Footprint(same[-1].size, MEASURED, reckoned)
    derived = [size for size in (_derived(subject, found) for found in reversed(own)) if size is not None]
    return Footprint(derived[0] if derived else _sum(subject), ESTIMATED, reckoned)


def _reckoned(subject: Subject) -> int | None:
    if subject.cache is None or subject.tokens is None or not subject.file_size:
        return None
    return subject.file_size + subject.cache.reckoned * subject.tokens * _F16


def _sum(subject: Subject) -> int | None:
    cache = _cache_size(subject.cache, subject.tokens, subject.settings)
    return subject.file_size + cache if cache is not None and subject.file_size else None


def _derived(subject: Subject, found: Measurement) -> int | None:
    then = Subject(subject.digest, subject.file_size, subject.cache, found.context_length, found.settings)
    caches = [_cache_size(each.cache, each.tokens, each.settings) for each in (then, subject)]
    before, after = caches
    return max(found.size - before + after, 0) if before is not None and after is not None else None


def _cache_size(shape: CacheShape | None, tokens: int | None, settings: RunnerSettings) -> int | None:
    """A type that is not known here counts as f16."""
    if shape is None or tokens is None:
        return None
    return int(shape.true * tokens * _BYTES.get(settings.kv_cache_type or CACHE_TYPE, _F16))
