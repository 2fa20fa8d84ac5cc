# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass takes from the one before and leaves for the next. Pure: the clock is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keepwarm._residency.decide import conflicts, next_history, reloads, retries, set_aside
from keepwarm._residency.decide.declaration import Applied, applied_by
from keepwarm._residency.decide.declaration import changes as declaration_changes
from keepwarm._residency.decide.progress import PassResult
from keepwarm._residency.decide.verdicts import History
from keepwarm._residency.values.model_name import ModelName
from keepwarm._residency.values.observation import ModelCard
from keepwarm._residency.values.policy import DeclaredModel, Policy

from ..configuration import Configuration
from ..state import incidents
from ..state.counts import count
from ..state.snapshot import past_of, seen_by
from ..state.state import State


@dataclass(frozen=True)
class Moment:
    """When a pass began, in seconds since 1970; at which start of the server, and of the host; `by_hand`: because an operator asked for it."""

    began: float
    server: str | None = None
    boot: str | None = None
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
        boot=moment.boot,
        # their moments are of a clock that each boot starts anew, and a remote server outlives this host
        sightings=state.sightings if state.boot == moment.boot else {},
        declared=declared,
        applied=_applied_before(state, policy),
        warmed=state.warmed if same_start else frozenset(),
        # where a start cannot be told from another, nothing is set aside for longer than a pass
        set_aside=state.set_aside if moment.server and same_start and state.declared == declared and not moment.by_hand else {},
        pinned=state.pinned | {model.name for model in policy.pins},
        retries=held,
        terms=conflicts.present_terms(state.terms, moment.server, policy.max_loaded_models, declared, moment.began),
        loads=() if moment.by_hand else reloads.last_hour(state.loads, moment.began),
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
        set_aside=set_aside.set_aside(state.set_aside, moment.began),
        withheld=retries.withheld(state.retries, moment.began),
        conflicts=reloads.context_conflicts(state.loads, configuration.context_reloads),
        failed=frozenset(map(ModelName.parse, state.retries)),
        reloads=reloads.remaining_budget(state.loads, configuration.reload_budget),
        going_on=incidents.going_on(state.incidents),
        redeclared=declaration_changes(configuration.policy, state.applied or {}),
        server=moment.server,
        past=past_of(state.seen),
    )


def conclude(before: State, state: State, configuration: Configuration, moment: Moment, result: PassResult, ended: float) -> State:
    """After the pass. `before` is what the pass before left, `state` what this one began with."""
    noticed = round(moment.began + result.noticed_after, 3)
    changed = changed_models(before, configuration.policy) | {str(progress.model.name) for progress in result.models if progress.first.redeclared}
    departed = incidents.note(state.incidents, result.models, before.seen, changed, moment.began, noticed)
    made = (*state.loads, *reloads.loads_of_pass(result.models, ended))
    aside = set_aside.after_pass(state.set_aside, result.models, configuration.policy.max_loaded_models, ended)
    rivals = {name: entry.rivals for name, entry in aside.items()}
    contexts = reloads.context_conflicts(made, configuration.context_reloads)
    server = _server_of(moment, result)
    return replace(
        state,
        server=server,
        cards=next_history.known_cards(result.look),
        warmed=state.warmed | next_history.warmed(result.models),
        set_aside=aside,
        applied=next_history.applied(state.applied or {}, result.models),
        pinned=next_history.pending_releases(state.pinned, configuration.policy, result),
        seen=seen_by(replace(result, past=replace(result.past, server=server)), ended),
        sightings=result.look.sightings,
        incidents=departed,
        counts=count(state.counts, result.models, [incident for incident in departed if incident.at == noticed]),
        retries=retries.after_pass(state.retries, result.models, ended),
        loads=made,
        conflicts=conflicts.find_conflicts(state.conflicts, result.models, contexts, rivals, departed, ended, state.terms.since),
    )


def _server_of(moment: Moment, result: PassResult) -> str | None:
    """Which start of the server it was, else the one that the pass saw at its end: one in a container is known by where a connection arrives, and
    arrives nowhere while it starts."""
    runners = result.look.runners
    return moment.server or (runners.server if runners else "") or None


def abort(state: State, cards: Mapping[str, ModelCard], loading: ModelName | None, ended: float) -> State:
    """After a pass that did not come to its end: the last look that succeeded stays. `loading` took the server with it."""
    held = retries.after_crash(state.retries, loading, ended) if loading else state.retries
    return replace(state, cards=cards, retries=held)


def _declaration(model: DeclaredModel) -> str:
    """All that tells whether a model is as declared."""
    wanted = (model.name, model.policy, model.keep_alive.as_request(), model.num_ctx, model.min_gpu_percent)
    return " ".join(str(value) for value in wanted if value is not None)
