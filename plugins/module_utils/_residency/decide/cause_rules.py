# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cause of a drift is told from an earlier look and the present one, a rule for each. Pure.

A runner's context never changes while it lives, and a reload forgets the keep_alive (docs/ollama-semantics.md#proved-on-running-servers): another process in
its place tells of a reload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Protocol

from ..values.observation import Observation, ResidentModel
from ..values.past import Cause, Earlier, Past
from ..values.policy import DeclaredModel

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


class Compared(Protocol):
    """What a rule has to know of the present state of one declared model."""

    @property
    def model(self) -> DeclaredModel:
        """What is declared."""

    @property
    def listed(self) -> ResidentModel | None:
        """How the server lists it."""


@dataclass(frozen=True)
class Present:
    """What is true now: which start of the server it is, what was seen, and which of it was loaded since the look before."""

    server: str | None
    look: Observation
    newcomers: tuple[ResidentModel, ...] = ()


Rule = Callable[[Compared, Past, Present], Cause]


def never_installed(verdict: Compared, past: Past, _present: Present) -> Cause:
    return Cause(UNKNOWN, INFERRED) if past.listed(verdict.model.name) else Cause(NEVER_LOADED, INFERRED)


def left_memory(verdict: Compared, past: Past, present: Present) -> Cause:
    earlier = past.listed(verdict.model.name)
    if earlier is None:
        seen = past.server is not None and past.server == present.server
        return Cause(NEVER_LOADED, OBSERVED if seen else INFERRED)
    return _restarted(past, present) or _left(verdict, earlier, past, present)


def _restarted(past: Past, present: Present) -> Cause | None:
    return Cause(SERVER_RESTARTED, OBSERVED) if past.server != present.server else None


def _left(verdict: Compared, earlier: Earlier, past: Past, present: Present) -> Cause:
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


def expiry_changed(verdict: Compared, past: Past, present: Present) -> Cause:
    earlier = past.listed(verdict.model.name)
    if earlier is None:
        return Cause(CLIENT_CHANGED_EXPIRY, INFERRED)
    return (
        _restarted(past, present)
        or _reloaded(verdict, earlier, past, present)
        or _client_sent_expiry(verdict, earlier, past, present)
    )


def _reloaded(verdict: Compared, earlier: Earlier, past: Past, present: Present) -> Cause | None:
    listed = verdict.listed
    contexts = {listed.context_length, earlier.context_length} if listed else set()
    if len(contexts - {None}) > 1:
        return Cause(CONTEXT_CHANGED_BY_CLIENT, OBSERVED)
    runner = present.look.runner_of(listed.digest) if listed else None
    if runner and earlier.runner and runner != earlier.runner:
        return _left(verdict, earlier, past, present)
    return None


def _client_sent_expiry(verdict: Compared, earlier: Earlier, _past: Past, present: Present) -> Cause:
    """Nobody but a client sends a keep_alive to a runner that we left as declared."""
    listed = verdict.listed
    if listed is None or listed.expiry == earlier.expiry or (verdict.model.is_pin and not earlier.forever):
        return Cause(UNKNOWN, INFERRED)  # it was so already: the declaration is what changed
    same = earlier.runner is not None and earlier.runner == present.look.runner_of(listed.digest)
    return Cause(CLIENT_CHANGED_EXPIRY, OBSERVED if same else INFERRED)


def context_changed(verdict: Compared, past: Past, present: Present) -> Cause:
    earlier = past.listed(verdict.model.name)
    if earlier is None or verdict.listed is None or past.server != present.server:
        return Cause(CONTEXT_CHANGED_BY_CLIENT, INFERRED)
    if earlier.context_length == verdict.listed.context_length:
        return Cause(UNKNOWN, INFERRED)  # it was so already: the declaration is what changed
    return Cause(CONTEXT_CHANGED_BY_CLIENT, OBSERVED)


def spilled(verdict: Compared, past: Past, _present: Present) -> Cause:
    """On the CPU by a request's `num_gpu: 0` looks the same, hence no more than inferred."""
    listed = verdict.listed
    gone = listed is not None and listed.size_vram == 0 and past.was_on_gpu(verdict.model.name, listed.digest)
    return Cause(GPU_LOST, INFERRED) if gone else Cause(UNKNOWN, INFERRED)
