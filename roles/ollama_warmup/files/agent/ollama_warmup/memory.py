# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass teaches: state before x result -> state after. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from _residency.drift import LOADS, History
from _residency.model_name import ModelName
from _residency.observation import Observation
from _residency.policy import EXPIRE, KEEP, Policy
from _residency.warmer import PassResult, Progress

from .state import State


def begin(state: State, policy: Policy, server: str | None) -> State:
    """Before the pass: what this start of the server has in memory, and whatever we may pin from now on.

    The pins are noted down before they are made, so that a pass that is cut short leaves none behind unknown.
    """
    declared = tuple(f"{model.name} {model.num_ctx or ''}".rstrip() for model in policy.models)
    same_start = state.server == server
    return replace(
        state,
        server=server,
        declared=declared,
        warmed=state.warmed if same_start else frozenset(),
        # where a start cannot be told from another, nothing is set aside for longer than a pass
        set_aside=state.set_aside if server and same_start and state.declared == declared else frozenset(),
        pinned=state.pinned | {model.name for model in policy.pins},
    )


def history(state: State) -> History:
    """What the engine wants to know of the past."""
    return History(warmed=state.warmed, pinned=state.pinned, set_aside=state.set_aside)


def conclude(state: State, policy: Policy, result: PassResult) -> State:
    """After the pass."""
    look = result.look
    known = {model.digest for model in look.installed} | {entry.digest for entry in look.resident}
    return replace(
        state,
        cards={digest: card for digest, card in look.cards.items() if digest in known},
        warmed=state.warmed | _warmed(result.models),
        set_aside=_set_aside(state, result.models),
        pinned=_owed(state, policy, result),
    )


def _warmed(models: Iterable[Progress]) -> frozenset[ModelName]:
    """A warm model had its load, be it ours or a client's, as soon as it was seen in memory."""
    return frozenset(
        progress.model.name
        for progress in models
        if not progress.model.is_pin and (progress.first.listed or progress.last.listed or (progress.changed and progress.action in LOADS))
    )


def _set_aside(state: State, models: Iterable[Progress]) -> frozenset[ModelName]:
    """This pass's and the earlier ones', but what is in memory again."""
    return frozenset(
        progress.model.name for progress in models if progress.last.listed is None and (progress.set_aside or progress.model.name in state.set_aside)
    )


def _owed(state: State, policy: Policy, result: PassResult) -> frozenset[ModelName]:
    """The pins that are still to be given back once they are no longer declared; listed names, too, since a runner
    is listed under the first of several names of its weights."""
    pins = [progress for progress in result.models if progress.model.is_pin]
    own = {progress.model.name for progress in pins}
    own |= {progress.last.listed.name for progress in pins if progress.last.listed}
    left = {name for name in state.pinned - own if not _is_given_back(name, policy, result.look)}
    return frozenset(own | left)


def _is_given_back(name: ModelName, policy: Policy, look: Observation) -> bool:
    listed = next((entry for entry in look.resident if entry.name == name), None)
    if listed is None or policy.release == KEEP:
        return True
    return policy.release == EXPIRE and not listed.expiry.is_forever(look.now)
