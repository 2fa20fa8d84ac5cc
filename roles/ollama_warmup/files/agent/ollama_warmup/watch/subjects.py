# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the watch looks for, by what the last pass remembered. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..state.state import State

_LATE = 1  # second: no pass is to come just too early


def concerns(state: State, blob: str) -> bool:
    """Whether these weights are of a model that passes have to do with: a stray that comes and goes is worth no pass.

    All are, as long as none is known.
    """
    known = {card.blob for card in state.cards.values()}
    return blob in known or not known


def resident(state: State, server: str) -> Mapping[str, str]:
    """The weights that the last pass over this start of the server left in memory, and the model's name for each."""
    last = state.last_pass
    if last is None or last.server != server:
        return {}
    entries = [(entry["model"], entry.get("after")) for entry in last.models if entry.get("resident")]
    blobs = ((model, _blob(state, listed)) for model, listed in entries)
    return {blob: model for model, blob in blobs if blob}


def retries(state: State, now: float) -> Mapping[str, float]:
    """In how many seconds a load that failed may be tried again, by model. What is late already had its pass, and was left out."""
    waits = ((model, retry.next_at - now) for model, retry in state.retries.items())
    return {model: wait + _LATE for model, wait in waits if wait > 0}


def _blob(state: State, listed: object) -> str | None:
    card = state.cards.get(str(listed.get("digest"))) if isinstance(listed, dict) else None
    return card.blob if card else None
