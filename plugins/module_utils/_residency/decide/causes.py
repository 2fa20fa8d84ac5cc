# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An earlier look x the present one -> why a model is not as declared. Pure: no clock, no I/O.

At its normal log level the server says nothing of an expiry or an eviction (docs/ollama-semantics.md#the-journal), so that much
is inferred from what came before and after; the evidence says which. The rule for each drift is in cause_rules.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..values.model_name import ModelName
from ..values.observation import Observation, ResidentModel
from ..values.past import Cause, Past
from .cause_rules import DECLARATION_CHANGED, OBSERVED, Present
from .drifts import BY_WORD, NEUTRAL, REGISTRY, UNKNOWN_CAUSE
from .verdicts import Plan, Verdict


def present_of(server: str | None, look: Observation, plan: Plan, past: Past | None) -> Present:
    """The present, as one look shows it after the `past`."""
    declared = {verdict.listed.name for verdict in plan.verdicts if verdict.listed}
    undeclared = frozenset(entry.name for entry in look.resident if entry.name not in declared)
    return Present(server, look, tuple(_newcomers(past, look, undeclared)) if past else ())


def name_causes(
    verdict: Verdict,
    past: Past | None,
    present: Present,
    going_on: Mapping[ModelName, Mapping[str, Cause]] | None = None,
) -> dict[str, Cause]:
    """By drift, what brought it about. `past` is None for a program that remembers nothing at all, which knows what
    shows by itself and no more. What is `going_on` since an earlier pass keeps its cause: the look before it is gone."""
    known = (going_on or {}).get(verdict.model.name, {})
    words = [word for word in verdict.drift if word not in NEUTRAL]
    return {word: _redeclared(word, verdict) or known.get(word) or name_cause(word, verdict, past, present) for word in words}


def name_cause(word: str, verdict: Verdict, past: Past | None, present: Present) -> Cause:
    """What brought this one drift about."""
    row = BY_WORD[word]
    evident = _redeclared(word, verdict) or row.evident
    if evident is not None:
        return evident
    if past is None or row.rule is None:
        return UNKNOWN_CAUSE
    return row.rule(verdict, past, present)


def evident_cause(verdict: Verdict) -> Cause | None:
    """What a program that remembers nothing can say."""
    return chief({word: _redeclared(word, verdict) or BY_WORD[word].evident or UNKNOWN_CAUSE for word in verdict.drift})


def _redeclared(word: str, verdict: Verdict) -> Cause | None:
    """A declaration that was never put into effect is no client's doing."""
    return Cause(DECLARATION_CHANGED, OBSERVED) if BY_WORD[word].declares in verdict.redeclared else None


def chief(causes: Mapping[str, Cause]) -> Cause | None:
    """Of several drifts' causes, the one that explains most; None where there is no drift."""
    return next((causes[row.word] for row in REGISTRY if row.word in causes and row.word not in NEUTRAL), None)


def _newcomers(past: Past, look: Observation, undeclared: frozenset[ModelName]) -> Iterator[ResidentModel]:
    """The models that were loaded since; where that cannot be told, those that nobody declared."""
    known = {earlier.digest: earlier.runner for earlier in past.models.values() if earlier.was_listed}
    for entry in look.resident:
        now, then = look.runner_of(entry.digest), known.get(entry.digest)
        told = now is not None and then is not None
        if entry.digest not in known or (now != then if told else entry.name in undeclared):
            yield entry
