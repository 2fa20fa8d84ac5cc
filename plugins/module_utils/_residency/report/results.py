# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass as plain data and sentences: what module results, agent status and failure messages are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..decide.actions import SET_EXPIRY
from ..decide.cause_rules import CLIENT_CHANGED_EXPIRY, CONTEXT_CHANGED_BY_CLIENT
from ..decide.declaration import NUM_CTX
from ..decide.drifts import (
    BREAKING,
    BY_WORD,
    CONTEXT_MISMATCH,
    DEGRADING,
    EXPIRING,
    LIVENESS_UNKNOWN,
    LOADING,
    NOT_INSTALLED,
    ON_CPU,
    REDECLARED,
    SPILLED,
)
from ..decide.progress import PassResult, Progress
from ..decide.verdicts import Stray, Verdict
from ..values.observation import ResidentModel
from ..values.past import Cause

_BY_CLIENT = {
    CLIENT_CHANGED_EXPIRY: ": a client sent its own keep_alive",
    CONTEXT_CHANGED_BY_CLIENT: ": a client sent its own num_ctx",
}
_KEEPS_SENDING = 2  # a client that undid it so often within one pass does it again and again


def explain(verdict: Verdict, word: str, cause: Cause | None = None) -> str:
    """One sentence for one drift of one model. It blames a client where the `cause` does."""
    listed = verdict.listed
    return f"{verdict.model.declared} " + _sentence(verdict, word).format(
        name=verdict.model.name,
        expires_at=listed.expiry.shown() if listed else "",
        context=listed.context_length if listed else "",
        wanted=verdict.wanted_context,
        percent=listed.gpu_percent if listed else "",
        keep_alive=verdict.model.keep_alive,
        blame=_BY_CLIENT.get(cause.word, "") if cause else "",
    )


def _sentence(verdict: Verdict, word: str) -> str:
    if word == SPILLED and verdict.listed and not verdict.listed.size_vram:
        return ON_CPU
    if word == CONTEXT_MISMATCH and NUM_CTX in verdict.redeclared:
        return REDECLARED
    return BY_WORD[word].sentence


def _told(progress: Progress, word: str) -> str:
    """The sentence for what a pass left as it is."""
    if word == EXPIRING and progress.attempts.get(SET_EXPIRY, 0) >= _KEEPS_SENDING:
        return f"{explain(progress.last, word)}: a client keeps sending its own keep_alive"
    return explain(progress.last, word, progress.causes.get(word))


def failures(result: PassResult, strict: bool = False) -> list[str]:
    """Why the host is not warm: a sentence for each required model that is not resident, and with `strict` for each
    required model that is degraded; empty when it is warm."""
    return [reason for progress in result.models if progress.model.required for reason in reasons(progress, strict)]


def warnings(result: PassResult, strict: bool = False) -> list[str]:
    """What an operator should know although the host is warm."""
    texts = list(result.warnings)
    for progress in result.models:
        texts += progress.last.advice
        if not progress.model.required:
            texts += reasons(progress, strict=False)
        if not (strict and progress.model.required):
            texts += [_told(progress, word) for word in progress.last.drift if word in DEGRADING]
        if progress.last.resident and _withheld(progress):
            texts.append(str(_withheld(progress)))
    return texts


def slow_loads(result: PassResult) -> list[str]:
    """A sentence for each load that took longer than it may."""
    return [
        f"the load of {progress.model.declared} took {progress.load_seconds:g} s, longer than its slow_load_seconds of"
        f" {progress.model.slow_load_seconds:g}: whoever asked meanwhile waited"
        for progress in result.models
        if progress.was_slow
    ]


def _withheld(progress: Progress) -> str | None:
    return progress.withheld or progress.last.withheld


def reasons(progress: Progress, strict: bool) -> list[str]:
    """Why this model is not as declared; its own failure first, since it is the nearest to the cause."""
    if progress.failure:
        return [progress.failure]
    if progress.resident is None and progress.model.is_pin:
        return [f"{progress.model.declared} is listed, but whether its runner lives is not known"]
    withheld = _withheld(progress)
    if withheld and not progress.last.resident:
        return [withheld]
    return [_told(progress, word) for word in progress.last.drift if word in _counted(strict)]


def shortfalls(verdict: Verdict, strict: bool, causes: Mapping[str, Cause] | None = None) -> list[str]:
    """A sentence for each drift that counts as not being as declared; with `strict` those that only degrade, too."""
    return [explain(verdict, word, (causes or {}).get(word)) for word in verdict.drift if word in _counted(strict)]


def is_warm(verdict: Verdict, strict: bool) -> bool:
    """Whether the model is as declared already; with `strict` not even degraded. A `warm` model may have left."""
    if verdict.refusal or _counted(strict).intersection(verdict.drift):
        return False
    return verdict.resident is True or not verdict.model.is_pin


def lacks(verdict: Verdict, strict: bool) -> list[str]:
    """Why the model is not warm now, before anything is done; nothing where it is."""
    if is_warm(verdict, strict):
        return []
    if verdict.refusal:
        return [verdict.refusal]
    return shortfalls(verdict, strict) or [explain(verdict, LIVENESS_UNKNOWN)]


def _counted(strict: bool) -> frozenset[str]:
    return BREAKING | {LOADING} | (DEGRADING if strict else frozenset())


def obstacles(verdict: Verdict) -> list[str]:
    """What no pass can put right: known before anything is done."""
    if verdict.refusal:
        return [verdict.refusal]
    return [explain(verdict, word) for word in verdict.drift if word == NOT_INSTALLED]


def model_data(progress: Progress, now: datetime) -> dict[str, Any]:
    """One entry of `models` in a module result or the agent's status."""
    return {
        **_named(progress.last),
        "resident": progress.resident,
        "drift": list(progress.last.drift),
        **cause_data(progress.cause),
        "action": progress.action,
        "before": listed_data(progress.first, now),
        "after": listed_data(progress.last, now),
        "load_seconds": progress.load_seconds,
        "failure": progress.failure or next(iter(reasons(progress, strict=False)), None),
    }


def predicted_data(verdict: Verdict, now: datetime, cause: Cause | None) -> dict[str, Any]:
    """The same for check mode: `after` is what the action would lead to, null where that cannot be known."""
    resident = verdict.resident if verdict.action == "none" else None
    return {
        **_named(verdict),
        "resident": resident,
        "drift": list(verdict.drift),
        **cause_data(cause),
        "action": verdict.action,
        "before": listed_data(verdict, now),
        "after": listed_data(verdict, now) if verdict.action == "none" else None,
        "load_seconds": None,
        "failure": next(iter(obstacles(verdict)), None),
    }


def stray_data(stray: Stray) -> dict[str, str]:
    """One entry of `undeclared`: what was done, or would be, about a model that is not declared."""
    return {"name": str(stray.name), "action": stray.action, "keep_alive": str(stray.keep_alive)}


def listed_data(verdict: Verdict, now: datetime) -> dict[str, Any] | None:
    """How `/api/ps` lists it; null if it does not. `alive` is null when its process cannot be seen."""
    return {**resident_data(verdict.listed, now), "alive": verdict.alive} if verdict.listed else None


def resident_data(listed: ResidentModel, now: datetime) -> dict[str, Any]:
    """One entry of `/api/ps`: bytes, tokens, RFC 3339 in UTC."""
    return {
        "name": str(listed.name),
        "digest": listed.digest,
        "expires_at": str(listed.expiry),
        "forever": listed.expiry.is_forever(now),
        "context_length": listed.context_length,
        "size": listed.size,
        "size_vram": listed.size_vram,
        "processor": listed.processor,
    }


def cause_data(cause: Cause | None) -> dict[str, Any]:
    """Null where nothing drifted."""
    return {"cause": cause.word if cause else None, "cause_evidence": cause.evidence if cause else None}


def _named(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.model.declared,
        "model": str(verdict.model.name),
        "policy": verdict.model.policy,
        "required": verdict.model.required,
    }
