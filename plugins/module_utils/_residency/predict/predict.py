# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan's loads will come to in memory: whether each model fits, spills or drives others out. Pure.

It stands on what was measured where it can, and says where it cannot. It predicts what the server will do, and decides nothing: a run
loads all the same, and verifies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..decide.actions import DROP, LOADS
from ..decide.verdicts import Plan, Verdict
from ..values.keep_alive import KeepAlive
from ..values.model_name import ModelName
from ..values.observation import Observation, ResidentModel
from .capacity import Capacity
from .measurement import Measurement, ServerSettings
from .scheduler import EVICTS, FITS, SPILLS, UNKNOWN, Candidate, Occupant, Order, Outcome, Rank, place
from .sizes import ESTIMATED, MEASURED, Footprint, Subject, footprint

COUNTED = "counted"
"""Evidence that needs no size: there are more models than the server holds at once."""


@dataclass(frozen=True)
class Knowledge:
    """What is known beside the look. `limit`: how many models the server holds at once, None for any number; `default_context`:
    what it gives a model for which nobody asks one, in tokens, None if unknown; `guessed_context` is the same where it may as well
    be another."""

    measurements: tuple[Measurement, ...] = ()
    capacity: Capacity = field(default_factory=Capacity)
    settings: ServerSettings = field(default_factory=ServerSettings)
    limit: int | None = None
    default_context: int | None = None
    guessed_context: int | None = None


@dataclass(frozen=True)
class Fit:
    """What becomes of one declared model. `evidence` is what the verdict stands on: `measured`, `estimated` or `counted`, None where
    nothing is known; the `footprint` is this model's own. `limit` is how many models the server holds at once. `unsized` is loaded
    before it and takes nobody knows how much, which is why it is not known whether this one fits."""

    name: str
    verdict: str
    evidence: str | None = None
    is_loaded: bool = False
    footprint: Footprint = field(default_factory=Footprint)
    outcome: Outcome = field(default_factory=lambda: Outcome("", UNKNOWN))
    limit: int | None = None
    unsized: str | None = None

    @property
    def is_problem(self) -> bool:
        """Whether somebody should know before it is loaded."""
        return not self.is_loaded and self.verdict in (SPILLS, EVICTS)


@dataclass(frozen=True)
class _Load:
    candidate: Candidate
    footprint: Footprint


def predict(plan: Plan, look: Observation, knowledge: Knowledge, last: Iterable[ModelName] = ()) -> tuple[Fit, ...]:
    """One for each verdict of the plan, in its order. `last`: what is loaded after the others, since its load failed before."""
    later = frozenset(last)
    due = [verdict for verdict in plan.verdicts if verdict.action in LOADS and verdict.installed is not None]
    due.sort(key=lambda verdict: verdict.model.name in later)
    loads = [_load(verdict, plan, look, knowledge) for verdict in due]
    outcomes = _outcomes(_occupants(plan, look), [load.candidate for load in loads], knowledge)
    found = {fit.name: fit for fit in _fits(loads, outcomes, knowledge)}
    return tuple(found.get(str(verdict.model.name)) or _present(verdict) for verdict in plan.verdicts)


def _fits(loads: Iterable[_Load], outcomes: Iterable[Outcome], knowledge: Knowledge) -> Iterator[Fit]:
    """What is not known of one is not known of those after it, unless it is bad enough without that one."""
    sure, unsized = True, None
    for load, outcome in zip(loads, outcomes):
        sure = sure and load.footprint.evidence == MEASURED
        if unsized is not None and outcome.verdict == FITS:
            yield replace(_fit(load, replace(outcome, verdict=UNKNOWN, size_vram=None), sure, knowledge), unsized=unsized)
        else:
            yield _fit(load, outcome, sure, knowledge)
        if load.footprint.size is None and not outcome.set_aside:
            unsized = unsized or load.candidate.name


def _fit(load: _Load, outcome: Outcome, sure: bool, knowledge: Knowledge) -> Fit:
    evidence: str | None = COUNTED if outcome.by_count else MEASURED if sure else ESTIMATED
    return Fit(
        name=load.candidate.name,
        verdict=outcome.verdict,
        evidence=None if outcome.verdict == UNKNOWN else evidence,
        footprint=load.footprint,
        outcome=outcome,
        limit=knowledge.limit,
    )


def _present(verdict: Verdict) -> Fit:
    """What is not to be loaded: as it is listed."""
    name, listed = str(verdict.model.name), verdict.listed
    if listed is None:
        return Fit(name, UNKNOWN)
    word = SPILLS if 0 < listed.size_vram < listed.size else FITS
    return Fit(name, word, MEASURED, is_loaded=True, footprint=Footprint(listed.size, MEASURED), outcome=Outcome(name, word, size_vram=listed.size_vram))


def _outcomes(occupants: Sequence[Occupant], candidates: Sequence[Candidate], knowledge: Knowledge) -> list[Outcome]:
    """Without a driver's word: what is so with the least VRAM that there can be, and with the most."""
    capacity, limit = knowledge.capacity, knowledge.limit
    if capacity.point is not None:
        return place(occupants, candidates, capacity.point, limit)
    least = place(occupants, candidates, capacity.at_least, limit)
    most = place(occupants, candidates, None if capacity.at_most is None else capacity.at_most - 1, limit)
    return [_between(low, high) for low, high in zip(least, most)]


def _between(least: Outcome, most: Outcome) -> Outcome:
    """Sure is only what is so with either. More memory may make it worse for one: another that gets in takes its room."""
    if least.verdict == most.verdict == FITS:
        return least
    if {least.verdict, most.verdict} <= {EVICTS, SPILLS}:
        return most
    return replace(least, verdict=UNKNOWN, evicts=(), size_vram=None, set_aside=False)


def _load(verdict: Verdict, plan: Plan, look: Observation, knowledge: Knowledge) -> _Load:
    found = footprint(_subject(verdict, knowledge), knowledge.measurements)
    name = str(verdict.model.name)
    candidate = Candidate(
        name=name,
        size=found.size,
        reckoned=found.reckoned,
        order=_order(verdict.model.keep_alive, look, verdict.installed.digest if verdict.installed else ""),
        rank=_rank(verdict, plan),
        is_pin=verdict.model.is_pin,
        replaces=name if verdict.in_memory else None,
    )
    return _Load(candidate, found)


def _subject(verdict: Verdict, knowledge: Knowledge) -> Subject:
    card, installed = verdict.card, verdict.installed
    runner = knowledge.settings.runner
    return Subject(
        digest=installed.digest if installed else "",
        file_size=installed.size if installed else 0,
        cache=card.cache if card else None,
        context_length=_context(verdict, knowledge),
        settings=runner.of_model(card) if card else runner,
    )


def _context(verdict: Verdict, knowledge: Knowledge) -> int | None:
    """The order is the server's (docs/ollama-semantics.md#default-context); where it is not known what it falls back to, what it fell back to before."""
    card, digest = verdict.card, verdict.installed.digest if verdict.installed else ""
    before = [found.context_length for found in knowledge.measurements if found.digest == digest]
    choices = (
        verdict.wanted_context,
        verdict.listed.context_length if verdict.listed and verdict.in_memory else None,
        card.num_ctx if card else None,
        knowledge.settings.context_length,
        knowledge.default_context,
        before[-1] if before else None,
        knowledge.guessed_context,
    )
    context = next((choice for choice in choices if choice), None)
    training = card.training_context if card else None
    return min(context, training) if context and training else context


def _occupants(plan: Plan, look: Observation) -> list[Occupant]:
    """Whatever is listed once expiries are as declared, which comes before the first load. A runner that died takes no memory, but
    its place in the number of models."""
    declared = {id(verdict.listed): verdict for verdict in plan.verdicts if verdict.in_memory}
    strays = {id(stray.listed): stray for stray in plan.strays}
    living = {id(entry) for entry in look.living}
    found = []
    for entry in look.resident:
        size = entry.size_vram if id(entry) in living else 0
        verdict, stray = declared.get(id(entry)), strays.get(id(entry))
        if verdict is not None:
            rank = _rank(verdict, plan) if verdict.model.is_pin else None
            found.append(Occupant(str(verdict.model.name), size, _order(verdict.model.keep_alive, look, entry.digest), rank))
        elif stray is None or stray.action != DROP:
            found.append(Occupant(_name(entry, look), size, _stray_order(entry, stray.keep_alive if stray else None, look)))
    return found


def _name(entry: ResidentModel, look: Observation) -> str:
    """New weights under a name are loaded beside its older ones."""
    replaced = look.find_installed(entry.name) is not None and look.name_for(entry) != entry.name
    return f"{entry.name} (older weights)" if replaced else str(entry.name)


def _rank(verdict: Verdict, plan: Plan) -> Rank:
    """As in decide/settlement.py: pins before what is loaded once, then in declared order."""
    return (not verdict.model.is_pin, plan.verdicts.index(verdict))


def _order(keep_alive: KeepAlive, look: Observation, digest: str) -> Order:
    seconds = float("inf") if keep_alive.is_forever else keep_alive.as_timedelta().total_seconds()
    return seconds, look.blob_of(digest) or digest


def _stray_order(entry: ResidentModel, keep_alive: KeepAlive | None, look: Observation) -> Order:
    """The list does not tell a keep_alive: what is left of it is at most that."""
    if keep_alive is not None:
        return _order(keep_alive, look, entry.digest)
    seconds = float("inf") if entry.expiry.is_forever(look.now) else max(entry.expiry.remaining(look.now).total_seconds(), 0.0)
    return seconds, look.blob_of(entry.digest) or entry.digest
