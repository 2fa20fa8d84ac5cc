# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared models: on the disk, in memory, as declared. What differs, the engine says (decide/); this adds why and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._residency.decide.plan import (  # fmt: skip
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
    SPILLED,
    STALE_DIGEST,
    STUCK,
    Verdict,
    make_plan,
)
from .._residency.report import results
from .._residency.values.observation import Observation
from .examination import Examination, entries_of
from .finding import NOTE, PROBLEM, WARNING, Evidence, Finding, Kind, seen
from .remembered import remembered

ON_NO_DISK = Kind(
    "model_not_installed",
    PROBLEM,
    "{model} is declared, and not on this server's disk",
    "OLLAMA_HOST={address} ollama pull {name}, or ollama_model_pull: true and the play site",
)
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
NOT_IN_MEMORY = Kind("not_in_memory", PROBLEM, "{sentence}", "{command} run loads it; the findings above, and {command} status, tell why it left")
LEAVING = Kind("leaving_memory", PROBLEM, "{sentence}", "{command} run puts it back; find the client that sends its own keep_alive")
NO_RUNNER = Kind("dead_runner", PROBLEM, "{sentence}", "{command} run loads it anew; journalctl -k tells whether the kernel ended it")
HUNG = Kind(
    "hung_runner",
    PROBLEM,
    "{sentence}",
    "{command} run unloads it and loads it anew; if it stays, journalctl -k tells what it waits for (a disk, a GPU, a network mount)",
)
OTHER_CONTEXT = Kind("context_mismatch", WARNING, "{sentence}", "ollama_warmup_context_mismatch: reload; and have clients send no num_ctx")
SPILLED_OVER = Kind("spilled", WARNING, "{sentence}", "declare fewer or smaller models, or a smaller num_ctx; nvidia-smi tells who else uses the GPU")
OLD_WEIGHTS = Kind("stale_digest", PROBLEM, "{sentence}", "{command} run loads the installed ones; systemctl restart {unit} drops the older ones")
NOT_SEEN = Kind("liveness_unknown", NOTE, "{sentence}", "{command} run asks it for a load, which costs nothing where it lives")
STAYS_TOO_LONG = Kind("overstaying", WARNING, "{sentence}", "{command} run brings it down to its own keep_alive")
STUCK_FAST = Kind("stuck", WARNING, "{sentence}", "systemctl restart {unit}, if the request never ends")
UNDECIDED = Kind("undecided", NOTE, "{model} is {word}: what it will be shows afterwards", "look again in a minute")
SET_ASIDE = Kind("set_aside", PROBLEM, "{sentence}", "declare fewer or smaller models, or a smaller num_ctx; systemctl restart {unit} has it tried again")
REFUSED = Kind("declaration_refused", PROBLEM, "{sentence}", "correct ollama_warmup_models, and run the play site")
CAPPED = Kind("context_capped", NOTE, "{model} is declared with a context of {declared}, but was trained for {trained}: it has that", "num_ctx: {trained}")
NOTHING_DECLARED = Kind("nothing_declared", WARNING, "no models are declared for this instance: nothing is kept warm", "ollama_warmup_models")
KINDS = (
    ON_NO_DISK, ELSEWHERE, STORE_CLOSED, NOT_IN_MEMORY, LEAVING, NO_RUNNER, HUNG, OTHER_CONTEXT, SPILLED_OVER, OLD_WEIGHTS, STAYS_TOO_LONG,
    STUCK_FAST, NOT_SEEN, UNDECIDED, SET_ASIDE, REFUSED, CAPPED, NOTHING_DECLARED,
)  # fmt: skip
_OF_DRIFT: Mapping[str, Kind] = {
    NOT_LOADED: NOT_IN_MEMORY,
    EXPIRING: LEAVING,
    DEAD_RUNNER: NO_RUNNER,
    HUNG_RUNNER: HUNG,
    CONTEXT_MISMATCH: OTHER_CONTEXT,
    SPILLED: SPILLED_OVER,
    STALE_DIGEST: OLD_WEIGHTS,
    OVERSTAYING: STAYS_TOO_LONG,
    STUCK: STUCK_FAST,
    LIVENESS_UNKNOWN: NOT_SEEN,
    LOADING: UNDECIDED,
    BUSY: UNDECIDED,
}


def check(look: Examination) -> Iterator[Finding]:
    """What is wrong with the declared models, as far as the server answers."""
    if look.policy is not None and not look.policy.models and look.agent.configured:
        yield NOTHING_DECLARED.found(seen(look.agent.configuration, "models: []"))
    yield from _store(look)
    observation = look.server.observation if look.server else None
    if look.policy is None or observation is None:
        return
    memory = remembered(look)
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
    """C(remembers): whether somebody knows which models had their load."""
    if verdict.refusal:
        yield REFUSED.found(seen(look.agent.configuration, verdict.model.declared), sentence=verdict.refusal)
        return
    if NOT_INSTALLED in verdict.drift:
        yield _missing(look, observation, verdict)
        return
    for word in verdict.drift:
        kind = _OF_DRIFT.get(word)
        if kind:
            sentence = results.explain(verdict, word)
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
    return ON_NO_DISK.found(listed, severity=severity, **values)


def _evidence(look: Examination, verdict: Verdict) -> Iterator[Evidence]:
    """How the server lists it, and the agent's own record of why it left last."""
    listed = verdict.listed
    if listed is None:
        yield seen("/api/ps", f"{verdict.model.name} is not listed")
    else:
        sizes = f"context_length={listed.context_length} size={listed.size} size_vram={listed.size_vram}"
        yield seen("/api/ps", f"{listed.name} expires_at={listed.expiry} {sizes}")
    departure = _departure(look, str(verdict.model.name))
    if departure:
        names = ", ".join(map(str, entries_of(departure.get("by"))))
        by = f" by {names}" if names else ""
        yield seen("ollama-warmup status", f"departed: {departure.get('cause')}{by} ({departure.get('cause_evidence')})")


def _departure(look: Examination, name: str) -> Mapping[str, Any] | None:
    """The one that is still open, if the agent remembers any: one that was healed says nothing of today's fault. What its status
    says is data of another program, of any shape."""
    history = look.agent.status.get("history")
    departures = history.get("departures") if isinstance(history, dict) else None
    found = (entry for entry in entries_of(departures) if isinstance(entry, dict) and entry.get("model") == name and entry.get("healed_at") is None)
    return next(found, None)
