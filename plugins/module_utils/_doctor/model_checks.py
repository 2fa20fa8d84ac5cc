# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared models: on the disk, in memory, as declared. What differs, the engine says (decide/); this adds why and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._residency.decide.drifts import BREAKING, BREAKS, BUSY, BY_WORD, DEGRADES, NOT_INSTALLED, NOT_LOADED, REGISTRY, Drift
from .._residency.decide.plan import make_plan
from .._residency.decide.verdicts import Verdict
from .._residency.report import results
from .._residency.values.observation import Observation
from .agent_history import agent_history
from .examination import Examination, entries_of
from .finding import NOTE, PROBLEM, WARNING, Evidence, Finding, Kind, seen

_WITHOUT_SENTENCE = {
    BY_WORD[NOT_INSTALLED].finding: "{model} is declared, and not on this server's disk",
    BY_WORD[BUSY].finding: "{model} is {word}: what it will be shows afterwards",
}
ELSEWHERE = Kind(
    "model_in_another_store",
    PROBLEM,
    "{model} is declared, and lies in {path}, but the server's models are in {store}",
    "ollama_server_models: {path}, which the server's user must be able to read; or OLLAMA_HOST={address} ollama pull {name}, with the server running",
)
STORE_CLOSED = Kind(
    "store_unreadable",
    PROBLEM,
    "the server's user {user} cannot get at its models in {store}: {blocked} does not let it pass",
    "chmod o+x {blocked}, or another ollama_server_models",
)
SET_ASIDE = Kind("set_aside", PROBLEM, "{sentence}", "declare fewer or smaller models, or a smaller num_ctx; systemctl restart {unit} has it tried again")
REFUSED = Kind("declaration_refused", PROBLEM, "{sentence}", "correct ollama_warmup_models, and run the play site")
CAPPED = Kind("context_capped", NOTE, "{model} is declared with a context of {declared}, but was trained for {trained}: it has that", "num_ctx: {trained}")
NOTHING_DECLARED = Kind("nothing_declared", WARNING, "no models are declared for this instance: nothing is kept warm", "ollama_warmup_models")


def _kind(row: Drift) -> Kind:
    """What the doctor makes of a drift; several drifts may be one finding."""
    severity = {BREAKS: PROBLEM, DEGRADES: WARNING}.get(row.severity, NOTE)
    return Kind(row.finding, severity, _WITHOUT_SENTENCE.get(row.finding, "{sentence}"), row.remedy)


_OF_DRIFT: Mapping[str, Kind] = {row.word: _kind(row) for row in REGISTRY}
KINDS = (
    *dict.fromkeys(_OF_DRIFT.values()),
    ELSEWHERE,
    STORE_CLOSED,
    SET_ASIDE,
    REFUSED,
    CAPPED,
    NOTHING_DECLARED,
)


def check(look: Examination) -> Iterator[Finding]:
    """What is wrong with the declared models, as far as the server answers."""
    if look.policy is not None and not look.policy.models and look.agent.configured:
        words, severity = ("models: []", NOTE) if look.policy.declared else ("no list of models", WARNING)
        yield NOTHING_DECLARED.found(seen(look.agent.configuration, words), severity=severity)
    yield from _store(look)
    observation = look.server.observation if look.server else None
    if look.policy is None or observation is None:
        return
    memory = agent_history(look)
    for verdict in make_plan(look.policy, observation, memory).verdicts:
        if memory and verdict.refusal and verdict.model.name in memory.set_aside:
            yield _set_aside(look, verdict)
        else:
            yield from _model(look, observation, verdict, memory is not None)


def _store(look: Examination) -> Iterator[Finding]:
    own = look.stores[0] if look.stores else None
    observation = look.server.observation if look.server else None
    if own and own.blocked and look.unit and not (observation and observation.installed):  # who lists models, gets at them
        evidence = seen("stat", f"{own.blocked} is not open to {look.unit.unit.user}")
        yield STORE_CLOSED.found(evidence, user=look.unit.unit.user, store=own.path, blocked=own.blocked)


def _set_aside(look: Examination, verdict: Verdict) -> Finding:
    """As the agent has it, a required model that is not in memory leaves the host cold; another one is not missed."""
    severity = PROBLEM if verdict.model.required else NOTE
    return SET_ASIDE.found(*_evidence(look, verdict), severity=severity, sentence=verdict.refusal, unit=look.unit_name)


def _model(look: Examination, observation: Observation, verdict: Verdict, remembers: bool) -> Iterator[Finding]:
    """`remembers`: whether somebody knows which models had their load."""
    if verdict.refusal:
        yield REFUSED.found(seen(look.agent.configuration, verdict.model.declared), sentence=verdict.refusal)
        return
    if NOT_INSTALLED in verdict.drift:
        yield _missing(look, observation, verdict)
        return
    for word in verdict.drift:
        kind, sentence = _OF_DRIFT[word], results.explain(verdict, word)
        values = {"sentence": sentence, "unit": look.unit_name, "model": verdict.model.declared, "word": word, "command": look.command}
        yield kind.found(*_evidence(look, verdict), severity=_severity(word, kind, verdict, remembers), **values)
    trained = verdict.card.training_context if verdict.card else None
    declared = verdict.model.num_ctx
    if trained and declared and declared > trained:
        yield CAPPED.found(seen("/api/show", f"context_length {trained}"), model=verdict.model.declared, declared=declared, trained=trained)


def _severity(word: str, kind: Kind, verdict: Verdict, remembers: bool) -> str:
    """A model that is not required is missed by nobody who did not say so; a warm one may have left as declared."""
    if word == NOT_LOADED and not verdict.model.is_pin and not remembers:
        return NOTE
    return WARNING if word in BREAKING and not verdict.model.required else kind.severity


def _missing(look: Examination, observation: Observation, verdict: Verdict) -> Finding:
    name, severity = str(verdict.model.name), PROBLEM if verdict.model.required else WARNING
    values = {"model": verdict.model.declared, "name": name, "address": look.address}
    installed = ", ".join(sorted(str(model.name) for model in observation.installed)) or "no models"
    listed = seen("/api/tags", installed)
    other = next((store for store in look.stores[1:] if name in store.models), None)
    if other and look.stores:
        evidence = (listed, seen("manifest", f"{other.path} holds {name}"))
        return ELSEWHERE.found(*evidence, severity=severity, **values, path=other.path, store=look.stores[0].path)
    return _OF_DRIFT[NOT_INSTALLED].found(listed, severity=severity, **values)


def _evidence(look: Examination, verdict: Verdict) -> Iterator[Evidence]:
    """How the server lists it, and the agent's own record of why it left last."""
    listed = verdict.listed
    if listed is None:
        yield seen("/api/ps", f"{verdict.model.name} is not listed")
    else:
        sizes = f"context_length={listed.context_length} size={listed.size} size_vram={listed.size_vram}"
        yield seen("/api/ps", f"{listed.name} expires_at={listed.expiry} {sizes}")
    incident = _incident(look, str(verdict.model.name))
    if incident:
        names = ", ".join(map(str, entries_of(incident.get("by"))))
        by = f" by {names}" if names else ""
        yield seen("ollama-warmup status", f"departed: {incident.get('cause')}{by} ({incident.get('cause_evidence')})")


def _incident(look: Examination, name: str) -> Mapping[str, Any] | None:
    """The one that is still open, if the agent remembers any: one that was healed says nothing of today's fault. What its status
    says is data of another program, of any shape."""
    history = look.agent.status.get("history")
    incidents = history.get("incidents") if isinstance(history, dict) else None
    found = (entry for entry in entries_of(incidents) if isinstance(entry, dict) and entry.get("model") == name and entry.get("healed_at") is None)
    return next(found, None)
