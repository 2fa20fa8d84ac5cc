# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass takes from the one before and leaves for the next. Pure: the clock is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from keepwarm._residency.decide.actions import LOADS
from keepwarm._residency.decide.declaration import KEEP_ALIVE, NUM_CTX, Applied, applied_by
from keepwarm._residency.decide.declaration import changes as declaration_changes
from keepwarm._residency.decide.drifts import BUSY, CONTEXT_MISMATCH, EXPIRING, LOADING
from keepwarm._residency.decide.progress import PassResult, Progress
from keepwarm._residency.decide.verdicts import History, Verdict
from keepwarm._residency.values.model_name import ModelName
from keepwarm._residency.values.observation import ModelCard, Observation
from keepwarm._residency.values.policy import EXPIRE, KEEP, DeclaredModel, Policy

from ..configuration import Configuration
from ..state import asides, conflicts, incidents, loads, retries
from ..state.counts import count
from ..state.snapshot import past_of, seen_by
from ..state.state import State


@dataclass(frozen=True)
class Moment:
    """When a pass began, in seconds since 1970; at which start of the server; C(by_hand): because an operator asked for it."""

    began: float
    server: str | None = None
    by_hand: bool = False


def begin(state: State, policy: Policy, moment: Moment) -> State:
    """Before the pass: what this start of the server has in memory, and whatever we may pin from now on.

    The pins are noted down before they are made, so that a pass that is cut short leaves none behind unknown.
    """
    declared = tuple(map(_declaration, policy.models))
    same_start = state.server == moment.server
    held = {} if moment.by_hand else retries.still_held(state.retries, changed_models(state, policy), same_start)
    return replace(
        state,
        server=moment.server,
        declared=declared,
        applied=_applied_before(state, policy),
        warmed=state.warmed if same_start else frozenset(),
        # where a start cannot be told from another, nothing is set aside for longer than a pass
        set_aside=state.set_aside if moment.server and same_start and state.declared == declared and not moment.by_hand else {},
        pinned=state.pinned | {model.name for model in policy.pins},
        retries=held,
        terms=conflicts.present_terms(state.terms, moment.server, policy.max_loaded_models, declared, moment.began),
        loads=() if moment.by_hand else loads.recent(state.loads, moment.began),
    )


def changed_models(state: State, policy: Policy) -> frozenset[str]:
    """The models that were declared otherwise at the pass before, or not at all."""
    return frozenset(str(model.name) for model in policy.models if _declaration(model) not in state.declared)


def _applied_before(state: State, policy: Policy) -> Mapping[ModelName, Applied]:
    """The account of an earlier release is made up: whatever is still declared as it was then has been put into effect."""
    if state.applied is not None:
        return state.applied
    return {model.name: applied_by(model) for model in policy.models if _declaration(model) in state.declared}


def has_answered(state: State, moment: Moment) -> bool:
    """Whether this start of the server was ever seen to answer; not where its starts cannot be told apart."""
    return moment.server is not None and any(seen.server == moment.server for seen in state.seen.values())


def history(state: State, configuration: Configuration, moment: Moment) -> History:
    """What the engine wants to know of the past."""
    return History(
        warmed=state.warmed,
        pinned=state.pinned,
        set_aside=asides.set_aside(state.set_aside, moment.began),
        withheld=retries.withheld(state.retries, moment.began),
        fights=loads.context_fights(state.loads, configuration.context_reloads),
        failed=frozenset(map(ModelName.parse, state.retries)),
        reloads=loads.left(state.loads, configuration.reload_budget),
        going_on=incidents.going_on(state.departures),
        redeclared=declaration_changes(configuration.policy, state.applied or {}),
        server=moment.server,
        past=past_of(state.seen),
    )


def conclude(before: State, state: State, configuration: Configuration, moment: Moment, result: PassResult, ended: float) -> State:
    """After the pass. C(before) is what the pass before left, C(state) what this one began with."""
    noticed = round(moment.began + result.noticed_after, 3)
    changed = changed_models(before, configuration.policy) | {str(progress.model.name) for progress in result.models if progress.first.redeclared}
    departed = incidents.note(state.departures, result.models, before.seen, changed, moment.began, noticed)
    made = (*state.loads, *loads.made(result.models, ended))
    aside = asides.after_pass(state.set_aside, result.models, configuration.policy.max_loaded_models, ended)
    rivals = {name: entry.rivals for name, entry in aside.items()}
    contexts = loads.context_fights(made, configuration.context_reloads)
    return replace(
        state,
        cards=_known_cards(result.look),
        warmed=state.warmed | _warmed(result.models),
        set_aside=aside,
        applied=_applied(state.applied or {}, result.models),
        pinned=_pending_releases(state, configuration.policy, result),
        seen=seen_by(result, ended),
        sightings=result.look.sightings,
        departures=departed,
        counts=count(state.counts, result.models, [departure for departure in departed if departure.at == noticed]),
        retries=retries.after_pass(state.retries, result.models, ended),
        loads=made,
        fights=conflicts.find_fights(state.fights, result.models, contexts, rivals, departed, ended, state.terms.since),
    )


def abort(state: State, cards: Mapping[str, ModelCard], loading: ModelName | None, ended: float) -> State:
    """After a pass that did not come to its end: the last look that succeeded stays. C(loading) took the server with it."""
    held = retries.after_crash(state.retries, loading, ended) if loading else state.retries
    return replace(state, cards=cards, retries=held)


def _declaration(model: DeclaredModel) -> str:
    """All that tells whether a model is as declared."""
    wanted = (model.name, model.policy, model.keep_alive.as_request(), model.num_ctx, model.min_gpu_percent)
    return " ".join(str(value) for value in wanted if value is not None)


def _applied(before: Mapping[ModelName, Applied], models: Iterable[Progress]) -> dict[ModelName, Applied]:
    """What of each declaration was put into effect by now. A model that is not in memory has nothing to be put right."""
    found = {progress.model.name: _applied_to(progress, before.get(progress.model.name)) for progress in models}
    return {name: applied for name, applied in found.items() if applied is not None}


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


def _known_cards(look: Observation) -> Mapping[str, ModelCard]:
    known = {model.digest for model in look.installed} | {entry.digest for entry in look.resident}
    return {digest: card for digest, card in look.cards.items() if digest in known}


def _warmed(models: Iterable[Progress]) -> frozenset[ModelName]:
    """A warm model had its load, be it ours or a client's, as soon as it was seen in memory."""
    return frozenset(
        progress.model.name
        for progress in models
        if not progress.model.is_pin and (progress.first.listed or progress.last.listed or (progress.changed and progress.action in LOADS))
    )


def _pending_releases(state: State, policy: Policy, result: PassResult) -> frozenset[ModelName]:
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
