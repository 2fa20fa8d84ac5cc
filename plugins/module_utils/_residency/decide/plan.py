# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy x observation -> what differs and what to do about it. Pure: no clock, no I/O.

The words of actions are the collection's vocabulary, as those of drifts.py are: module results, agent status and docs use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ..values.keep_alive import KeepAlive
from ..values.model_name import ModelName
from ..values.observation import InstalledModel, ModelCard, Observation, ResidentModel
from ..values.past import Cause, Past
from ..values.policy import EXPIRE, KEEP, RELOAD, UNLOAD, DeclaredModel, Policy
from .declaration import KEEP_ALIVE, NUM_CTX
from .displacement import SetAside, is_in_the_way
from .drifts import (
    BREAKING,
    BUSY,
    CONTEXT_MISMATCH,
    DEAD_RUNNER,
    EXPIRING,
    HUNG_RUNNER,
    LIVENESS_UNKNOWN,
    LOADING,
    NOT_INSTALLED,
    NOT_LOADED,
    OVERSTAYING,
    PASSING,
    SPILLED,
    STALE_DIGEST,
    STUCK,
)
from .matched import MatchedModel, find

NO_ACTION = "none"
SET_EXPIRY = "set_expiry"
PROBE = "probe"
LOAD = "load"
REVIVE = "revive"
RELOAD_CONTEXT = "reload"
DROP = "unload"
WAIT = "wait"
LOADS = frozenset({LOAD, REVIVE, RELOAD_CONTEXT})
"""Actions that start a runner; a probe may too, where liveness is not known."""
CHANGES = LOADS | {SET_EXPIRY}

_STUCK_GRACE = timedelta(minutes=10)  # a long answer leaves a past expiry listed while it runs
_CLOCK_GRAIN = timedelta(seconds=5)  # the Date header counts whole seconds and is written before the list


@dataclass(frozen=True)
class History:
    """What only a program that remembers knows. C(warmed): the C(warm) models that had their load since this server
    start and are left to their expiry; C(pinned): what we pinned earlier, so that it can be given back; C(set_aside):
    what an earlier pass set aside for want of memory, and beside what, so that not every pass costs another model its
    place anew. C(withheld): the digest of what is not to be loaded now (empty for
    any), and the sentence why; C(fights): how
    often a context was put back of late to no avail; C(failed): what is loaded after the others, since it may fail again.
    C(going_on): the causes, by drift, of what an earlier pass could not put right. C(redeclared): what of a declaration is
    still to be put into effect, once (C(declaration.changes)).
    C(reloads) are left for this pass, None for any number. C(past) is the last look, at the start C(server) or another.
    C(loading): for how many seconds a runner that is not listed counts as a load in progress, None for any time.
    """

    warmed: frozenset[ModelName] = frozenset()
    pinned: frozenset[ModelName] = frozenset()
    set_aside: Mapping[ModelName, SetAside] = field(default_factory=dict)
    withheld: Mapping[ModelName, tuple[str, str]] = field(default_factory=dict)
    fights: Mapping[ModelName, int] = field(default_factory=dict)
    failed: frozenset[ModelName] = frozenset()
    reloads: int | None = None
    going_on: Mapping[ModelName, Mapping[str, Cause]] = field(default_factory=dict)
    redeclared: Mapping[ModelName, frozenset[str]] = field(default_factory=dict)
    server: str | None = None
    past: Past | None = None
    loading: float | None = None


@dataclass(frozen=True)
class Verdict:
    """One declared model against one observation. C(num_ctx) is what a request for C(action) sends; C(wanted_context)
    what the server makes of the declared one; C(withheld) why a load that is due is not to be made now; C(redeclared)
    what of the declaration was never put into effect."""

    model: DeclaredModel
    installed: InstalledModel | None
    card: ModelCard | None
    listed: ResidentModel | None
    alive: bool | None
    drift: tuple[str, ...]
    action: str
    num_ctx: int | None = None
    refusal: str | None = None
    withheld: str | None = None
    advice: tuple[str, ...] = ()
    wanted_context: int | None = None
    redeclared: frozenset[str] = frozenset()

    @property
    def resident(self) -> bool | None:
        """The installed weights are listed, their runner lives and runs, expiry as declared; None when it cannot be seen."""
        if self.listed is None or self.refusal or BREAKING.intersection(self.drift):
            return False
        return self.alive

    @property
    def in_memory(self) -> bool:
        """Whether the server lists the installed weights."""
        return self.listed is not None and STALE_DIGEST not in self.drift

    @property
    def settled(self) -> bool:
        """Nothing to wait for: as declared, or nothing that waiting would change."""
        return not PASSING.intersection(self.drift)


@dataclass(frozen=True)
class Stray:
    """What is in memory and not declared, the old weights of a declared name included, and what to do about it. C(name) is the one
    that a request for it names."""

    listed: ResidentModel
    name: ModelName
    action: str
    keep_alive: KeepAlive
    card: ModelCard | None


@dataclass(frozen=True)
class Plan:
    """Every declared model in declared order, and the undeclared ones that are to be changed."""

    verdicts: tuple[Verdict, ...]
    strays: tuple[Stray, ...] = ()

    @property
    def has_work(self) -> bool:
        """Whether anything would be asked of the server."""
        return bool(self.strays) or any(verdict.action != NO_ACTION for verdict in self.verdicts)

    def within(self, names: frozenset[ModelName] | None) -> Plan:
        """The plan for these models only; None for all of it."""
        if names is None:
            return self
        return Plan(tuple(verdict for verdict in self.verdicts if verdict.model.name in names))

    @property
    def would_change(self) -> bool:
        """Whether carrying it out would change the server; a probe cannot tell, and waiting is no act of ours."""
        return bool(self.strays) or any(verdict.action in CHANGES for verdict in self.verdicts)

    @property
    def would_load(self) -> bool:
        """Whether carrying it out would load anything."""
        return any(verdict.action in LOADS for verdict in self.verdicts)


def make_plan(policy: Policy, look: Observation, history: History | None = None) -> Plan:
    """Decide for every model. The order of actions is the warmer's."""
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
    drift = tuple(_drift(sight, history))
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


def _drift(sight: MatchedModel, history: History) -> Iterator[str]:
    if sight.installed is None:
        yield NOT_INSTALLED
    elif sight.listed is None:
        yield from _unlisted(sight, history)
    if sight.listed is not None and sight.stale:
        yield from _replaced(sight, history)
    elif sight.listed is not None:
        yield from _broken(sight, sight.listed)
        yield from _degraded(sight, sight.listed, history.past)


def _unlisted(sight: MatchedModel, history: History) -> Iterator[str]:
    if _is_loading(sight, history) and sight.look.tells_all_weights:
        yield LOADING
    elif sight.model.is_pin or sight.model.name not in history.warmed:
        yield NOT_LOADED


def _replaced(sight: MatchedModel, history: History) -> Iterator[str]:
    """What else there is to say of the old weights is nobody's concern: a request reaches the new ones."""
    if _is_loading(sight, history):
        yield LOADING
    yield STALE_DIGEST


def _is_loading(sight: MatchedModel, history: History) -> bool:
    """A loading model has a runner, but is not listed (docs/ollama-semantics.md#proved-on-running-servers); a runner that nothing can end, too."""
    blob = sight.card.blob if sight.card else None
    overdue = history.loading is not None and sight.look.unlisted_for(blob) >= history.loading
    return sight.look.alive(blob) is True and not overdue


def _broken(sight: MatchedModel, listed: ResidentModel) -> Iterator[str]:
    yield from _lifeless(sight)
    remaining = listed.expiry.remaining(sight.look.now)
    if remaining < -_STUCK_GRACE:
        yield STUCK
    elif remaining < -_CLOCK_GRAIN:
        yield BUSY  # listed past its expiry: a request is running
    elif sight.model.is_pin and not listed.expiry.is_forever(sight.look.now):
        yield EXPIRING


def _lifeless(sight: MatchedModel) -> Iterator[str]:
    if sight.alive is False:
        yield DEAD_RUNNER
    elif sight.alive and sight.look.is_hung(sight.card.blob if sight.card else None):
        yield HUNG_RUNNER
    elif sight.alive is None and sight.installed is not None:
        yield LIVENESS_UNKNOWN


def _degraded(sight: MatchedModel, listed: ResidentModel, past: Past | None) -> Iterator[str]:
    if not sight.model.is_pin and _stays_longer(listed, sight.model.keep_alive, sight.look):
        yield OVERSTAYING
    wanted = sight.wanted_context
    if sight.installed is not None and wanted is not None and listed.context_length not in (None, wanted):
        yield CONTEXT_MISMATCH
    if _is_spilled(listed, sight.model.min_gpu_percent, was_on_gpu(sight.model.name, listed, past)):
        yield SPILLED


def _stays_longer(listed: ResidentModel, keep_alive: KeepAlive, look: Observation) -> bool:
    return listed.expiry.remaining(look.now) > keep_alive.as_timedelta() + _CLOCK_GRAIN


def was_on_gpu(name: ModelName, listed: ResidentModel, past: Past | None) -> bool:
    """Whether these very weights were ever seen in VRAM."""
    return past is not None and past.was_on_gpu(name, listed.digest)


def _is_spilled(listed: ResidentModel, least: int | None, once_on_gpu: bool) -> bool:
    """Without a declared share, partly in VRAM is spilled, and what was always on the CPU is on a host without a GPU."""
    if least is None:
        return listed.size_vram < listed.size and (listed.size_vram > 0 or once_on_gpu)
    return 100 * listed.size_vram < least * listed.size


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
    reloads = history.fights.get(sight.model.name)
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
    if limit is not None and _stays_longer(entry, limit, look):
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
    if policy.release == EXPIRE and _stays_longer(entry, keep_alive, look):
        return Stray(entry, name, SET_EXPIRY, keep_alive, card)
    return None
