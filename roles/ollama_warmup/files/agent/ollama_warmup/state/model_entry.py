# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass remembered of each model, read back: an entry that another version wrote, or whoever, loses what it has of the wrong kind.

Nobody decides by these entries what to do; they are shown, and compared with. So an odd one is no reason to forget the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keepwarm._base.readers import harmless, is_counted

_TEXT, _MAYBE_TEXT, _NUMBER, _FLAG = (str,), (str, type(None)), (int, float, type(None)), (bool, type(None))
_MODEL: Mapping[str, tuple[type, ...]] = {
    "name": _TEXT,
    "model": _TEXT,
    "policy": _TEXT,
    "required": (bool,),
    "resident": _FLAG,
    "cause": _MAYBE_TEXT,
    "cause_evidence": _MAYBE_TEXT,
    "action": _TEXT,
    "load_seconds": _NUMBER,
    "failure": _MAYBE_TEXT,
}
_LISTED: Mapping[str, tuple[type, ...]] = {
    "name": _TEXT,
    "digest": _TEXT,
    "expires_at": _TEXT,
    "forever": (bool,),
    "context_length": (int, type(None)),
    "size": (int,),
    "size_vram": (int,),
    "processor": _TEXT,
    "alive": _FLAG,
}
_STRAY: Mapping[str, tuple[type, ...]] = {"name": _TEXT, "action": _TEXT, "keep_alive": _TEXT}


def clean_model(raw: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a pass's models."""
    found = _cleaned(raw, _MODEL)
    drift = raw.get("drift")
    if isinstance(drift, list):
        found["drift"] = [harmless(word) for word in drift if isinstance(word, str)]
    return {**found, **{key: _listed(raw[key]) for key in ("before", "after") if key in raw}}


def clean_stray(raw: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a pass's undeclared models."""
    return _cleaned(raw, _STRAY)


def _listed(raw: Any) -> dict[str, Any] | None:
    """As `/api/ps` had it."""
    return _cleaned(raw, _LISTED) if isinstance(raw, dict) else None


def _cleaned(raw: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    fit = {key: raw[key] for key, kind in kinds.items() if key in raw and _fits(raw[key], kind)}
    return {key: harmless(value) if isinstance(value, str) else value for key, value in fit.items()}


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) and not (isinstance(value, (int, float)) and not is_counted(value))
