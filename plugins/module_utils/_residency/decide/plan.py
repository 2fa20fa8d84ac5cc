# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy x observation x history -> what to do about what differs. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..values.model_name import ModelName
from ..values.observation import Observation, ResidentModel
from ..values.policy import EXPIRE, KEEP, RELOAD, UNLOAD, DeclaredModel, Policy
from .actions import DROP, LOAD, LOADS, NO_ACTION, PROBE, RELOAD_CONTEXT, REVIVE, SET_EXPIRY, WAIT
from .declaration import KEEP_ALIVE, NUM_CTX
from .detection import detect, stays_longer
from .displacement import SetAside, is_in_the_way
from .drifts import CONTEXT_MISMATCH, DEAD_RUNNER, HUNG_RUNNER, LOADING, NOT_INSTALLED, NOT_LOADED, OVERSTAYING, STALE_DIGEST
from .matched import MatchedModel, find
from .verdicts import History, Plan, Stray, Verdict


def make_plan(policy: Policy, look: Observation, history: History | None = None) -> Plan:
    """Decide for every model. steps.py has the order in which it is done."""
    memory = history or History()
    sights = tuple(find(model, look) for model in policy.models)
    owners = _owners(sights)
    aside = _still_set_aside(sights, policy, look, memory)
    verdicts = tuple(_judge(sight, policy, owners, aside, memory) for sight in sights)
    return Plan(verdicts, tuple(_strays(policy, look, memory, verdicts)))


def _judge(
    sight: MatchedModel, policy: Policy, owners: Mapping[str, DeclaredModel], aside: Mapping[ModelName, str], history: History
) -> Verdict:
    """Compare one declared model with what was seen."""
    model = sight.model
    drift = tuple(detect(sight, history))
    refusal = _refusal(sight, owners) or _set_aside(model, drift, aside)
    redeclared = history.redeclared.get(model.name, frozenset())
    action = NO_ACTION if refusal else _action(sight, policy, drift, redeclared)
    withheld = _withheld(sight, action, history)
    if withheld:
        action = _action_without_load(sight, action)
    return Verdict(
        model=model,
        installed=sight.installed,
        card=sight.card,
        listed=sight.listed,
        alive=sight.alive,
        drift=drift,
        action=action,
        num_ctx=_context_to_send(sight, action),
        refusal=refusal,
        withheld=withheld,
        advice=tuple(_advice(sight)),
        wanted_context=sight.wanted_context,
        redeclared=redeclared,
    )


def _owners(sights: Iterable[MatchedModel]) -> Mapping[str, DeclaredModel]:
    """By weights, the model that was declared first."""
    found: dict[str, DeclaredModel] = {}
    for sight in sights:
        if sight.card and sight.card.blob:
            found.setdefault(sight.card.blob, sight.model)
    return found


def _refusal(sight: MatchedModel, owners: Mapping[str, DeclaredModel]) -> str | None:
    model = sight.model
    if sight.installed is None:
        return None
    if sight.installed.remote:
        return f"{model.declared} runs in the cloud and is never in this server's memory: take it off the list"
    twin = owners.get(sight.card.blob or "") if sight.card else None
    if twin is not None and twin is not model:
        return f"{model.declared} and {twin.declared} are two names of the same weights, which share one runner: keep one"
    return None


def _set_aside(model: DeclaredModel, drift: tuple[str, ...], aside: Mapping[ModelName, str]) -> str | None:
    """Not once somebody else loaded it: then it fits."""
    return None if {NOT_LOADED, STALE_DIGEST}.isdisjoint(drift) else aside.get(model.name)


def _still_set_aside(sights: Iterable[MatchedModel], policy: Policy, look: Observation, history: History) -> dict[ModelName, str]:
    """A sentence for each model that memory does not hold beside what is there."""
    if not history.set_aside:
        return {}
    seen = tuple(sights)
    coming = frozenset(str(sight.model.name) for sight in seen if _is_coming(sight, history))
    asides = ((sight.model, history.set_aside.get(sight.model.name)) for sight in seen)
    return {model.name: _why_set_aside(model, aside) for model, aside in asides if aside and is_in_the_way(aside, policy, look, coming)}


def _is_coming(sight: MatchedModel, history: History) -> bool:
    """Whether it is a pin whose place is taken, though it may be out of memory at this moment."""
    withheld = history.withheld.get(sight.model.name, (None, None))[0]
    due = sight.installed is not None and withheld not in ("", sight.installed.digest)
    return sight.model.is_pin and due and sight.model.name not in history.set_aside


def _why_set_aside(model: DeclaredModel, aside: SetAside) -> str:
    rivals = " and ".join(aside.rivals) or "the models declared before it"
    return (
        f"{model.declared} was set aside by an earlier pass: memory does not hold it beside {rivals}; declare fewer or smaller models;"
        " it is tried again when one of those in memory leaves, and by 'ollama-warmup run'"
    )


def _action(sight: MatchedModel, policy: Policy, drift: tuple[str, ...], redeclared: frozenset[str]) -> str:
    if NOT_INSTALLED in drift:
        return NO_ACTION
    if LOADING in drift:
        return WAIT
    if NOT_LOADED in drift or STALE_DIGEST in drift:
        return LOAD  # a request under the name reaches the new weights only
    if sight.listed is None:
        return NO_ACTION
    return _action_on_listed(sight, sight.listed, policy, drift, redeclared)


def _action_on_listed(
    sight: MatchedModel, listed: ResidentModel, policy: Policy, drift: tuple[str, ...], redeclared: frozenset[str]
) -> str:
    if DEAD_RUNNER in drift or HUNG_RUNNER in drift:
        return REVIVE
    if CONTEXT_MISMATCH in drift and (policy.context_mismatch == RELOAD or NUM_CTX in redeclared):
        return RELOAD_CONTEXT
    as_declared = listed.expiry.is_forever(sight.look.now) if sight.model.is_pin else KEEP_ALIVE not in redeclared
    if OVERSTAYING in drift or not as_declared:
        return SET_EXPIRY if sight.stale is False else LOAD
    if sight.alive is None and sight.model.is_pin:
        return PROBE
    return NO_ACTION


def _withheld(sight: MatchedModel, action: str, history: History) -> str | None:
    if action not in LOADS:
        return None
    reloads = history.conflicts.get(sight.model.name)
    if action == RELOAD_CONTEXT and reloads is not None and NUM_CTX not in history.redeclared.get(sight.model.name, ()):
        return (
            f"{sight.model.declared} was reloaded {reloads} times within an hour to get its context of {sight.wanted_context}"
            f" back, and has {sight.listed.context_length if sight.listed else 0} again: a client keeps sending its own num_ctx,"
            " and it is left at that until the hour is over"
        )
    digest, reason = history.withheld.get(sight.model.name, (None, None))
    return reason if sight.installed and digest in ("", sight.installed.digest) else None


def _action_without_load(sight: MatchedModel, action: str) -> str:
    """What is left to do: a runner that lives keeps its place at least."""
    needs_expiry = sight.listed is not None and sight.model.is_pin and not sight.listed.expiry.is_forever(sight.look.now)
    return SET_EXPIRY if action == RELOAD_CONTEXT and needs_expiry and sight.stale is False else NO_ACTION


def _context_to_send(sight: MatchedModel, action: str) -> int | None:
    """Never one that would reload a runner which is right: the resident one's, unless it starts anew anyway."""
    context = sight.listed.context_length if sight.listed and not sight.stale and action != LOAD else None
    if action in LOADS:
        context = sight.wanted_context or context
    return sight.card.asked_context(context, sight.model.num_ctx) if sight.card else context


def _advice(sight: MatchedModel) -> Iterator[str]:
    training = sight.card.training_context if sight.card else None
    if training and sight.model.num_ctx and sight.model.num_ctx > training:
        yield (
            f"{sight.model.declared} was trained for a context of {training}, so that num_ctx"
            f" {sight.model.num_ctx} becomes {training} on the server: declare {training}"
        )
    if any(_cannot_be_let_go(entry, sight) for entry in sight.look.listed_as(sight.model.name)):
        yield (
            f"the older weights of {sight.model.declared} stay in memory beside the installed ones, and no request can name them any"
            " more: they leave when the server needs their place, or when it is restarted"
        )


def _cannot_be_let_go(entry: ResidentModel, sight: MatchedModel) -> bool:
    """Whether it is what the name once had, for ever and without another name (docs/ollama-semantics.md#new-weights-under-the-same-name)."""
    if sight.listed is None or sight.stale is not False or entry == sight.listed:
        return False
    return entry.expiry.is_forever(sight.look.now) and sight.look.name_for(entry) is None


def _strays(policy: Policy, look: Observation, history: History, verdicts: Iterable[Verdict]) -> Iterator[Stray]:
    """What a name had before is let go once the new weights are in memory: until then it is the verdict's own."""
    declared = {id(verdict.listed) for verdict in verdicts}
    for entry in look.resident:
        name = look.name_for(entry)
        if id(entry) not in declared and name is not None and policy.find(name) is None:
            stray = _stray(policy, look, history, entry, name)
            if stray is not None:
                yield stray


def _stray(policy: Policy, look: Observation, history: History, entry: ResidentModel, name: ModelName) -> Stray | None:
    card = look.cards.get(entry.digest)
    if look.alive(card.blob if card else None) is False:
        return None  # asking it for anything would revive it
    if (entry.name in history.pinned or _was_pinned(policy, entry.name)) and policy.release != KEEP:
        return _released(policy, look, entry, name)
    limit = policy.undeclared_keep_alive
    if limit is not None and stays_longer(entry, limit, look):
        return Stray(entry, name, SET_EXPIRY, limit, card)
    return None


def _was_pinned(policy: Policy, name: ModelName) -> bool:
    """Whether these are the old weights of a pin."""
    model = policy.find(name)
    return model is not None and model.is_pin


def _released(policy: Policy, look: Observation, entry: ResidentModel, name: ModelName) -> Stray | None:
    keep_alive, card = policy.released_keep_alive, look.cards.get(entry.digest)
    if policy.release == UNLOAD:
        return Stray(entry, name, DROP, keep_alive, card)
    if policy.release == EXPIRE and stays_longer(entry, keep_alive, look):
        return Stray(entry, name, SET_EXPIRY, keep_alive, card)
    return None
