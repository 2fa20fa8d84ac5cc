# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent remembers from pass to pass, as values and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from keepwarm._base.readers import MAYBE_NUMBER, MAYBE_TEXT, MAYBE_WHOLE, NUMBER, TEXT, WHOLE, InvalidValue, mapped, objects, texts, typed
from keepwarm._residency.decide.conflicts import Conflict, Terms, parse_conflict, parse_terms
from keepwarm._residency.decide.declaration import Applied, applied_data, parse_applied
from keepwarm._residency.decide.reloads import Load, parse_load
from keepwarm._residency.decide.retries import Retry, parse_retry
from keepwarm._residency.decide.set_aside import Aside, parse_asides
from keepwarm._residency.values.model_name import ModelName
from keepwarm._residency.values.observation import CacheShape, ModelCard
from keepwarm._residency.values.sightings import KINDS, Sighting

from .. import exits
from .counts import Counts, parse_counts
from .incidents import Incident, parse_incident
from .model_entry import clean_model, clean_stray
from .snapshot import ModelSnapshot, parse_snapshot

SCHEMA = 4
_HISTORY: Mapping[str, Any] = {"seen": {}, "incidents": [], "counts": asdict(Counts()), "retries": {}, "loads": [], "conflicts": []}
"""What schema 1 did not have: a host that is upgraded still knows its pins."""


@dataclass(frozen=True)
class LastPass:
    """How the last pass ended. `at` is its end in seconds since 1970, `models` as in the module's result; `trouble` is
    what a restart of the server may cure, `trouble_since` the end of the first of the passes that found any."""

    at: float
    seconds: float
    exit: int
    server: str | None = None
    url: str | None = None
    models: tuple[Mapping[str, Any], ...] = ()
    undeclared: tuple[Mapping[str, Any], ...] = ()
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    trouble: str | None = None
    trouble_since: float | None = None

    @property
    def ended(self) -> int:
        """Its exit status, where that is not 0; `UNDECLARED` for 0 without models: with nothing to keep nothing is warm."""
        return exits.UNDECLARED if self.exit == exits.WARM and not self.models else self.exit


@dataclass(frozen=True)
class State:
    """`server` names the server's start that `warmed` and `set_aside` hold for, the latter for what was `declared` only;
    `cards` is by digest; `pinned` what we pinned; `set_aside` beside what it did not fit; `seen` and `retries` are by model;
    `sightings` are what the next look is to judge, in the monotonic clock of that `boot` of the host; `applied` is what of each declaration was
    put into effect, None where an earlier release kept no account of that."""

    server: str | None = None
    cards: Mapping[str, ModelCard] = field(default_factory=dict)
    pinned: frozenset[ModelName] = frozenset()
    warmed: frozenset[ModelName] = frozenset()
    set_aside: Mapping[ModelName, Aside] = field(default_factory=dict)
    declared: tuple[str, ...] = ()
    applied: Mapping[ModelName, Applied] | None = field(default_factory=dict)
    seen: Mapping[str, ModelSnapshot] = field(default_factory=dict)
    boot: str | None = None
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    counts: Counts = field(default_factory=Counts)
    retries: Mapping[str, Retry] = field(default_factory=dict)
    loads: tuple[Load, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    terms: Terms = field(default_factory=Terms)
    last_pass: LastPass | None = None


def state_data(state: State) -> dict[str, Any]:
    """As plain data, in an order that does not change by itself."""
    return {
        "schema": SCHEMA,
        "server": state.server,
        "pinned": sorted(map(str, state.pinned)),
        "warmed": sorted(map(str, state.warmed)),
        "set_aside": {str(name): vars(aside) for name, aside in sorted(state.set_aside.items(), key=lambda entry: str(entry[0]))},
        "declared": state.declared,
        "applied": applied_data(state.applied or {}),
        "cards": {digest: _card_data(card) for digest, card in sorted(state.cards.items())},
        "seen": {model: vars(seen) for model, seen in sorted(state.seen.items())},
        "boot": state.boot,
        "sightings": {process: vars(sighting) for process, sighting in sorted(state.sightings.items())},
        "incidents": [vars(incident) for incident in state.incidents],
        "counts": vars(state.counts),
        "retries": {model: vars(retry) for model, retry in sorted(state.retries.items())},
        "loads": [vars(load) for load in state.loads],
        "conflicts": [vars(conflict) for conflict in state.conflicts],
        "terms": vars(state.terms),
        "last_pass": vars(state.last_pass) if state.last_pass else None,
    }


def parse_state(raw: Any) -> State:
    """Read it back. Raises `InvalidValue` for whatever is of none of the schemas 1 to 4."""
    raw = _of_earlier_release(raw)
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise InvalidValue(f"it is not of schema {SCHEMA}")
    last_pass = raw.get("last_pass")
    return State(
        server=typed(raw, "server", MAYBE_TEXT),
        cards=mapped(raw, "cards", _card),
        pinned=_names(raw, "pinned"),
        warmed=_names(raw, "warmed"),
        set_aside=parse_asides(typed(raw, "set_aside", (dict,))),
        declared=texts(raw, "declared"),
        applied=_applied(raw),
        seen=mapped(raw, "seen", parse_snapshot),
        boot=typed(raw, "boot", MAYBE_TEXT),
        sightings=mapped({"sightings": {}, **raw}, "sightings", _sighting),
        incidents=objects(raw, "incidents", parse_incident),
        counts=parse_counts(typed(raw, "counts", (dict,))),
        retries=_of_models(mapped(raw, "retries", parse_retry)),
        loads=objects(raw, "loads", parse_load),
        conflicts=objects(raw, "conflicts", parse_conflict),
        terms=parse_terms(typed(raw, "terms", (dict,))) if "terms" in raw else Terms(),
        last_pass=_last_pass(typed(raw, "last_pass", (dict,))) if last_pass is not None else None,
    )


def _of_earlier_release(raw: Any) -> Any:
    """The same in the words of today."""
    if isinstance(raw, dict) and raw.get("schema") == 1:
        return {**_HISTORY, **raw, "set_aside": {}, "schema": SCHEMA}
    if isinstance(raw, dict) and raw.get("schema") == 2:
        raw = {"conflicts": raw.get("fights"), **raw, "schema": 3}
    if isinstance(raw, dict) and raw.get("schema") == 3:
        counts = typed(raw, "counts", (dict,))
        raw = {"incidents": raw.get("departures"), **raw, "counts": {"incidents": counts.get("departures"), **counts}, "schema": SCHEMA}
    return raw


def _last_pass(raw: Mapping[str, Any]) -> LastPass:
    return LastPass(
        at=typed(raw, "at", NUMBER),
        seconds=typed(raw, "seconds", NUMBER),
        exit=typed(raw, "exit", WHOLE),
        server=typed(raw, "server", MAYBE_TEXT),
        url=typed(raw, "url", MAYBE_TEXT),
        models=tuple(map(clean_model, _entries(raw, "models", "model"))),
        undeclared=tuple(map(clean_stray, _entries(raw, "undeclared", "name"))),
        failures=texts(raw, "failures"),
        warnings=texts(raw, "warnings"),
        trouble=typed(raw, "trouble", MAYBE_TEXT),
        trouble_since=typed(raw, "trouble_since", MAYBE_NUMBER),
    )


def _entries(raw: Mapping[str, Any], key: str, name: str) -> tuple[Mapping[str, Any], ...]:
    entries = typed(raw, key, (list,))
    if not all(isinstance(entry, dict) and isinstance(entry.get(name), str) for entry in entries):
        raise InvalidValue(f"last_pass.{key} is no list of models")
    return tuple(entries)


def _card_data(card: ModelCard) -> dict[str, Any]:
    cache = vars(card.cache) if card.cache else None
    return {**vars(card), "capabilities": sorted(card.capabilities), "cache": cache}


def _card(raw: Mapping[str, Any]) -> ModelCard:
    return ModelCard(
        blob=typed(raw, "blob", MAYBE_TEXT),
        capabilities=frozenset(texts(raw, "capabilities")),
        training_context=typed(raw, "training_context", MAYBE_WHOLE),
        architecture=typed(raw, "architecture", MAYBE_TEXT),
        cache=_cache(raw["cache"]) if raw.get("cache") is not None else None,
        num_ctx=typed(raw, "num_ctx", MAYBE_WHOLE),
        num_gpu=typed(raw, "num_gpu", MAYBE_WHOLE),
    )


def _cache(raw: Any) -> CacheShape:
    if not isinstance(raw, dict):
        raise InvalidValue("cache is no object")
    return CacheShape(true=typed(raw, "true", WHOLE), reckoned=typed(raw, "reckoned", WHOLE))


def _applied(raw: Mapping[str, Any]) -> Mapping[ModelName, Applied] | None:
    return parse_applied(raw["applied"]) if "applied" in raw else None


def _sighting(raw: Mapping[str, Any]) -> Sighting:
    kind = typed(raw, "kind", TEXT)
    if kind not in KINDS:
        raise InvalidValue("kind is of the wrong kind")
    return Sighting(kind, typed(raw, "cpu", WHOLE), typed(raw, "since", NUMBER))


def _of_models(found: dict[str, Retry]) -> dict[str, Retry]:
    return {str(ModelName.parse(name)): retry for name, retry in found.items()}


def _names(raw: Mapping[str, Any], key: str) -> frozenset[ModelName]:
    return frozenset(map(ModelName.parse, texts(raw, key)))
