# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass has settled, for the history of the next one: declarations that are in effect, models that had their load, pins that are
still to be given back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..values.model_name import ModelName
from ..values.observation import ModelCard, Observation
from ..values.policy import EXPIRE, KEEP, Policy
from .actions import LOADS
from .declaration import KEEP_ALIVE, NUM_CTX, Applied, applied_by
from .drifts import BUSY, CONTEXT_MISMATCH, EXPIRING, LOADING
from .progress import PassResult, Progress
from .verdicts import Verdict


def applied(before: Mapping[ModelName, Applied], models: Iterable[Progress]) -> dict[ModelName, Applied]:
    """What of each declaration was put into effect by now. A model that is not in memory has nothing to be put right."""
    found = {progress.model.name: _applied_to(progress, before.get(progress.model.name)) for progress in models}
    return {name: entry for name, entry in found.items() if entry is not None}


def _applied_to(progress: Progress, before: Applied | None) -> Applied | None:
    pending, now = _pending(progress.last), applied_by(progress.model)
    if before is None:
        return None if pending else now
    return Applied(
        keep_alive=before.keep_alive if KEEP_ALIVE in pending else now.keep_alive,
        num_ctx=before.num_ctx if NUM_CTX in pending else now.num_ctx,
    )


def _pending(last: Verdict) -> frozenset[str]:
    """What this pass did not get to, or could not do."""
    found = set()
    if {CONTEXT_MISMATCH, LOADING}.intersection(last.drift):
        found.add(NUM_CTX)
    if {EXPIRING, BUSY, LOADING}.intersection(last.drift) or (last.listed is not None and not last.model.is_pin):
        found.add(KEEP_ALIVE)
    return last.redeclared & found


def known_cards(look: Observation) -> Mapping[str, ModelCard]:
    """Those of models that are still installed or in memory."""
    known = {model.digest for model in look.installed} | {entry.digest for entry in look.resident}
    return {digest: card for digest, card in look.cards.items() if digest in known}


def warmed(models: Iterable[Progress]) -> frozenset[ModelName]:
    """A warm model had its load, be it ours or a client's, as soon as it was seen in memory."""
    return frozenset(
        progress.model.name
        for progress in models
        if not progress.model.is_pin and (progress.first.listed or progress.last.listed or (progress.changed and progress.action in LOADS))
    )


def pending_releases(pinned: frozenset[ModelName], policy: Policy, result: PassResult) -> frozenset[ModelName]:
    """The pins that are still to be given back once they are no longer declared; listed names, too, since a runner
    is listed under the first of several names of its weights."""
    pins = [progress for progress in result.models if progress.model.is_pin]
    own = {progress.model.name for progress in pins}
    own |= {progress.last.listed.name for progress in pins if progress.last.listed}
    left = {name for name in pinned - own if not _is_given_back(name, policy, result.look)}
    return frozenset(own | left)


def _is_given_back(name: ModelName, policy: Policy, look: Observation) -> bool:
    listed = next((entry for entry in look.resident if entry.name == name), None)
    if listed is None or policy.release == KEEP:
        return True
    return policy.release == EXPIRE and not listed.expiry.is_forever(look.now)
