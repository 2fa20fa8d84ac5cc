# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An earlier look x the present one -> why a model is not as declared. Pure: no clock, no I/O.

At its normal log level the server says nothing of an expiry or an eviction (server semantics, section 9), so that much
is inferred from what came before and after; the evidence says which. A runner's context never changes while it lives,
and a reload forgets the keep_alive (section 0): another process in its place tells of a reload.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..values.model_name import ModelName
from ..values.observation import Observation, ResidentModel
from ..values.past import Cause, Earlier, Past
from .declaration import KEEP_ALIVE, NUM_CTX
from .plan import (  # fmt: skip
    CONTEXT_MISMATCH,
    DEAD_RUNNER,
    EXPIRING,
    HUNG_RUNNER,
    NEUTRAL,
    NOT_INSTALLED,
    NOT_LOADED,
    OVERSTAYING,
    SPILLED,
    STALE_DIGEST,
    STUCK,
    Plan,
    Verdict,
)

NEVER_LOADED = "never_loaded"
SERVER_RESTARTED = "server_restarted"
CLIENT_CHANGED_EXPIRY = "client_changed_expiry"
UNLOADED_BY_CLIENT = "unloaded_by_client"
EXPIRED = "expired"
EVICTED = "evicted"
CONTEXT_CHANGED_BY_CLIENT = "context_changed_by_client"
RUNNER_DIED = "runner_died"
RUNNER_HUNG = "runner_hung"
REPULLED = "repulled"
GPU_LOST = "gpu_lost"
DECLARATION_CHANGED = "declaration_changed"
UNKNOWN = "unknown"
OBSERVED = "observed"
INFERRED = "inferred"


_UNKNOWN = Cause(UNKNOWN, INFERRED)


@dataclass(frozen=True)
class Present:
    """What is true now: which start of the server it is, what was seen, and which of it was loaded since the look before."""

    server: str | None
    look: Observation
    newcomers: tuple[ResidentModel, ...] = ()


def present_of(server: str | None, look: Observation, plan: Plan, past: Past | None) -> Present:
    """The present, as one look shows it after the C(past)."""
    declared = {verdict.listed.name for verdict in plan.verdicts if verdict.listed}
    undeclared = frozenset(entry.name for entry in look.resident if entry.name not in declared)
    return Present(server, look, tuple(_newcomers(past, look, undeclared)) if past else ())


def name_causes(
    verdict: Verdict,
    past: Past | None,
    present: Present,
    going_on: Mapping[ModelName, Mapping[str, Cause]] | None = None,
) -> dict[str, Cause]:
    """By drift, what brought it about. C(past) is None for a program that remembers nothing at all, which knows what
    shows by itself and no more. What is C(going_on) since an earlier pass keeps its cause: the look before it is gone."""
    known = (going_on or {}).get(verdict.model.name, {})
    words = [word for word in verdict.drift if word not in NEUTRAL]
    return {word: _redeclared(word, verdict) or known.get(word) or name_cause(word, verdict, past, present) for word in words}


def name_cause(word: str, verdict: Verdict, past: Past | None, present: Present) -> Cause:
    """What brought this one drift about."""
    evident = _redeclared(word, verdict) or _EVIDENT.get(word)
    if evident is not None:
        return evident
    if past is None or word not in _JUDGES:
        return _UNKNOWN
    return _JUDGES[word](verdict, past, present)


def evident_cause(verdict: Verdict) -> Cause | None:
    """What a program that remembers nothing can say."""
    return chief({word: _redeclared(word, verdict) or _EVIDENT.get(word, _UNKNOWN) for word in verdict.drift})


def _redeclared(word: str, verdict: Verdict) -> Cause | None:
    """A declaration that was never put into effect is no client's doing."""
    return Cause(DECLARATION_CHANGED, OBSERVED) if _DECLARED.get(word) in verdict.redeclared else None


def chief(causes: Mapping[str, Cause]) -> Cause | None:
    """Of several drifts' causes, the one that explains most; None where there is no drift."""
    return next((causes[word] for word in _ORDER if word in causes), None)


def _missing(verdict: Verdict, past: Past, _present: Present) -> Cause:
    return _UNKNOWN if past.listed(verdict.model.name) else Cause(NEVER_LOADED, INFERRED)


def _absent(verdict: Verdict, past: Past, present: Present) -> Cause:
    earlier = past.listed(verdict.model.name)
    if earlier is None:
        seen = past.server is not None and past.server == present.server
        return Cause(NEVER_LOADED, OBSERVED if seen else INFERRED)
    return _restarted(past, present) or _left(verdict, earlier, past, present)


def _restarted(past: Past, present: Present) -> Cause | None:
    return Cause(SERVER_RESTARTED, OBSERVED) if past.server != present.server else None


def _left(verdict: Verdict, earlier: Earlier, past: Past, present: Present) -> Cause:
    """It was in memory since this start of the server, and its runner is not the one of then."""
    if earlier.expiry is not None and not earlier.forever and earlier.expiry.moment <= present.look.now:
        return Cause(EXPIRED, INFERRED)
    if past.server is None and _all_gone(past, present):
        return Cause(SERVER_RESTARTED, INFERRED)
    others = (str(entry.name) for entry in present.newcomers if entry.name != verdict.model.name and entry != verdict.listed)
    by = tuple(dict.fromkeys(others))
    return Cause(EVICTED, INFERRED, by) if by else Cause(UNLOADED_BY_CLIENT, INFERRED)


def _all_gone(past: Past, present: Present) -> bool:
    """Where starts cannot be told apart: several that were for ever are gone at once."""
    stayed = {earlier.digest for earlier in past.models.values() if earlier.forever}
    return len(stayed) > 1 and not stayed.intersection(entry.digest for entry in present.look.resident)


def _newcomers(past: Past, look: Observation, undeclared: frozenset[ModelName]) -> Iterator[ResidentModel]:
    """The models that were loaded since; where that cannot be told, those that nobody declared."""
    known = {earlier.digest: earlier.runner for earlier in past.models.values() if earlier.was_listed}
    for entry in look.resident:
        now, then = look.runner_of(entry.digest), known.get(entry.digest)
        told = now is not None and then is not None
        if entry.digest not in known or (now != then if told else entry.name in undeclared):
            yield entry


def _expiring(verdict: Verdict, past: Past, present: Present) -> Cause:
    earlier = past.listed(verdict.model.name)
    if earlier is None:
        return Cause(CLIENT_CHANGED_EXPIRY, INFERRED)
    return (
        _restarted(past, present)
        or _reloaded(verdict, earlier, past, present)
        or _expiry_changed(verdict, earlier, past, present)
    )


def _reloaded(verdict: Verdict, earlier: Earlier, past: Past, present: Present) -> Cause | None:
    listed = verdict.listed
    contexts = {listed.context_length, earlier.context_length} if listed else set()
    if len(contexts - {None}) > 1:
        return Cause(CONTEXT_CHANGED_BY_CLIENT, OBSERVED)
    runner = present.look.runner_of(listed.digest) if listed else None
    if runner and earlier.runner and runner != earlier.runner:
        return _left(verdict, earlier, past, present)
    return None


def _expiry_changed(verdict: Verdict, earlier: Earlier, _past: Past, present: Present) -> Cause:
    """Nobody but a client sends a keep_alive to a runner that we left as declared."""
    listed = verdict.listed
    if listed is None or listed.expiry == earlier.expiry or (verdict.model.is_pin and not earlier.forever):
        return _UNKNOWN  # it was so already: the declaration is what changed
    same = earlier.runner is not None and earlier.runner == present.look.runner_of(listed.digest)
    return Cause(CLIENT_CHANGED_EXPIRY, OBSERVED if same else INFERRED)


def _context_changed(verdict: Verdict, past: Past, present: Present) -> Cause:
    earlier = past.listed(verdict.model.name)
    if earlier is None or verdict.listed is None or past.server != present.server:
        return Cause(CONTEXT_CHANGED_BY_CLIENT, INFERRED)
    if earlier.context_length == verdict.listed.context_length:
        return _UNKNOWN  # it was so already: the declaration is what changed
    return Cause(CONTEXT_CHANGED_BY_CLIENT, OBSERVED)


def _spilled(verdict: Verdict, past: Past, _present: Present) -> Cause:
    """On the CPU by a request's C(num_gpu: 0) looks the same, hence no more than inferred."""
    listed = verdict.listed
    gone = listed is not None and listed.size_vram == 0 and past.was_on_gpu(verdict.model.name, listed.digest)
    return Cause(GPU_LOST, INFERRED) if gone else _UNKNOWN


_EVIDENT = {
    DEAD_RUNNER: Cause(RUNNER_DIED, OBSERVED),
    HUNG_RUNNER: Cause(RUNNER_HUNG, OBSERVED),
    STALE_DIGEST: Cause(REPULLED, OBSERVED),
}
"""What shows by itself."""
_DECLARED = {CONTEXT_MISMATCH: NUM_CTX, EXPIRING: KEEP_ALIVE, OVERSTAYING: KEEP_ALIVE}
"""What each of these drifts is a difference from."""
_JUDGES = {
    NOT_INSTALLED: _missing,
    NOT_LOADED: _absent,
    EXPIRING: _expiring,
    OVERSTAYING: _expiring,
    CONTEXT_MISMATCH: _context_changed,
    SPILLED: _spilled,
}
_ORDER = (
    NOT_INSTALLED, STALE_DIGEST, NOT_LOADED, DEAD_RUNNER, HUNG_RUNNER, EXPIRING, OVERSTAYING, CONTEXT_MISMATCH, SPILLED, STUCK,
)  # fmt: skip
"""The drift that explains most first."""
