# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a pass has seen to what the readiness file says of each model, and of the server. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from keepwarm._residency.decide.drifts import BREAKING, DEGRADING, EXPIRING, LOADING
from keepwarm._residency.decide.progress import Progress
from keepwarm._residency.report.results import reasons
from keepwarm._residency.values.model_name import ModelName
from keepwarm._residency.values.policy import DeclaredModel, Policy

from .readiness import COLD, READY, RESIDENT, Proof, Readiness, Span, Start

FAILED = "failed"
NOTHING_DECLARED = "nothing_declared"
_NO_SPAN = Span()


def full_name(name: ModelName) -> str:
    """All parts, in small letters: what two spellings of one model have in common."""
    return f"{name.host}/{name.namespace}/{name.model}:{name.tag}".lower()


def proved(models: Sequence[Progress], former: Readiness, start: Start, span: Span, strict: bool, is_over: bool) -> Readiness:
    """What a look comes to. `former` is what the file said before; of another start of the server it proves nothing. `is_over`: the pass is,
    so that nothing is left undecided."""
    known = {proof.model: proof for proof in former.proofs if proof.resident} if former.start == start else {}
    proofs = [_proof(progress, known, span, is_over) for progress in models]
    lacking = [_lacking(progress, proof, strict) for progress, proof in zip(models, proofs) if progress.model.required]
    counted = [proof.span for proof in proofs if proof.required and proof.resident] or [span]
    word = next(filter(None, lacking), None) if models else NOTHING_DECLARED
    state = (COLD, word) if word else (READY, RESIDENT)
    return Readiness(*state, min(counted, key=lambda one: one.end), start, proofs)


def unproved(policy: Policy, state: str, word: str, start: Start) -> Readiness:
    """No model is known to be resident, for one reason."""
    return Readiness(state, word, start=start, proofs=[_named(model, word=word) for model in policy.models])


def says_the_same(one: Readiness, other: Readiness) -> bool:
    """Whether they differ in nothing but how old they are."""
    return _ageless(one) == _ageless(other)


def _ageless(found: Readiness) -> Readiness:
    return replace(found, span=Span(), proofs=tuple(replace(proof, span=Span()) for proof in found.proofs))


def _proof(progress: Progress, known: Mapping[str, Proof], span: Span, is_over: bool) -> Proof:
    """A model that a pass is about to pin again, or to ask for its liveness, keeps the proof that it has: the next request waits for nothing."""
    if progress.resident:
        return _named(progress.model, resident=True, word=RESIDENT, span=span)
    former = known.get(full_name(progress.model.name))
    is_undecided = progress.resident is None or BREAKING.intersection(progress.last.drift) == {EXPIRING}
    if former and is_undecided and not is_over:
        return replace(former, required=progress.model.required)
    return _named(progress.model, word=_word(progress, BREAKING | {LOADING}))


def _lacking(progress: Progress, proof: Proof, strict: bool) -> str | None:
    """Why the host is not warm, as far as this model goes; a model that is left to its own expiry may be gone."""
    if not reasons(progress, strict):
        return None
    if not proof.resident:
        return proof.word
    is_kept = not progress.failure and not progress.resident
    return None if is_kept else _word(progress, DEGRADING)


def _word(progress: Progress, words: frozenset[str]) -> str:
    drifts: Iterable[str] = (word for word in progress.last.drift if word in words)
    if progress.resident is None:
        return "liveness_unknown"
    return "set_aside" if progress.set_aside else next(iter(drifts), FAILED)


def _named(model: DeclaredModel, resident: bool = False, word: str = "", span: Span = _NO_SPAN) -> Proof:
    return Proof(full_name(model.name), bool(model.required), resident, word, span)
