# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each model was found by the last look that succeeded: what the cause of a later incident is told from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keepwarm._base.readers import MAYBE_TEXT, MAYBE_WHOLE, NUMBER, InvalidValue, texts, typed
from keepwarm._residency.decide.progress import PassResult
from keepwarm._residency.report import results
from keepwarm._residency.values.keep_alive import Expiry, ExpiryError
from keepwarm._residency.values.model_name import ModelName, ModelNameError
from keepwarm._residency.values.past import Earlier, Past

_MEASURED = {"digest": MAYBE_TEXT, "context_length": MAYBE_WHOLE, "size": MAYBE_WHOLE, "size_vram": MAYBE_WHOLE}


@dataclass(frozen=True)
class ModelSnapshot:
    """`at` in seconds since 1970, `server` that start of it; `listed` as a result's `after`, None where it was not in memory.
    `runner` names its process, `gpu_digest` what of it was ever seen in VRAM. Models that nobody declared have no `drift`."""

    at: float
    server: str | None = None
    listed: Mapping[str, Any] | None = None
    drift: tuple[str, ...] | None = None
    runner: str | None = None
    gpu_digest: str | None = None


def parse_snapshot(raw: Mapping[str, Any]) -> ModelSnapshot:
    """Raises `InvalidValue`."""
    listed = raw.get("listed")
    if listed is not None and not isinstance(listed, dict):
        raise InvalidValue("listed is no object")
    for key, kinds in _MEASURED.items():  # they become members of sets and keys, which not everything can
        typed(listed or {}, key, kinds)
    return ModelSnapshot(
        at=typed(raw, "at", NUMBER),
        server=typed(raw, "server", MAYBE_TEXT),
        listed=listed,
        drift=texts(raw, "drift") if raw.get("drift") is not None else None,
        runner=typed(raw, "runner", MAYBE_TEXT),
        gpu_digest=typed(raw, "gpu_digest", MAYBE_TEXT),
    )


def seen_by(result: PassResult, at: float) -> dict[str, ModelSnapshot]:
    """The last look of a pass: every declared model, and whatever else is in memory."""
    now = result.look.now
    listed = {entry.name: results.resident_data(entry, now) for entry in result.look.resident}
    declared = {progress.model.name: progress.last for progress in result.models}
    found = {}
    for name, earlier in result.past.models.items():
        verdict = declared.get(name)
        found[str(name)] = ModelSnapshot(
            at=at,
            server=result.past.server,
            listed=results.listed_data(verdict, now) if verdict else listed.get(name),
            drift=verdict.drift if verdict else None,
            runner=earlier.runner,
            gpu_digest=earlier.gpu_digest,
        )
    return found


def sizes(seen: Mapping[str, ModelSnapshot]) -> frozenset[tuple[Any, ...]]:
    """What is in memory, and how much it takes: the same for two looks between which nothing was loaded."""
    return frozenset((entry.runner, *map(entry.listed.get, _MEASURED)) for entry in seen.values() if entry.listed)


def past_of(seen: Mapping[str, ModelSnapshot]) -> Past:
    """The same for the engine. Whatever is not as it was written counts as not in memory."""
    models = {}
    for text, entry in seen.items():
        try:
            models[ModelName.parse(text)] = _earlier(entry)
        except ModelNameError:
            continue
    return Past(next((entry.server for entry in seen.values()), None), models)


def _earlier(entry: ModelSnapshot) -> Earlier:
    listed = entry.listed or {}
    try:
        expiry = Expiry.parse(listed.get("expires_at"))
    except ExpiryError:
        return Earlier(gpu_digest=entry.gpu_digest)
    return Earlier(
        digest=listed.get("digest"),
        expiry=expiry,
        forever=listed.get("forever") is True,
        context_length=listed.get("context_length"),
        runner=entry.runner,
        gpu_digest=entry.gpu_digest,
    )
