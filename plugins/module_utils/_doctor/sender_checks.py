# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sent which keep_alive, as far as the log tells. Pure.

A request's keep_alive is in no line of the usual level. With OLLAMA_DEBUG=1 the server says after each request how long the model
stays (sched.go: `runner with non-zero duration has gone idle, adding timer` with `duration=`), and just before it its access
log says who asked (docs/ollama-semantics.md#the-journal).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .._residency.decide.drifts import EXPIRING
from .._residency.decide.plan import make_plan
from .._residency.values.keep_alive import KeepAlive, KeepAliveError
from .._residency.values.model_name import ModelName, ModelNameError
from .._systemd.env_values import read_keep_alive
from .examination import Entry, Examination, JournalLook
from .finding import NOTE, WARNING, Finding, Kind, seen

SENT = Kind(
    "keep_alive_sent",
    WARNING,
    "{model} was given a keep_alive of {length}; the request before it came from {client}",
    "have that client send no keep_alive, or use /v1, which has none; the agent puts the model back at its next pass",
)
SUSPECTS = Kind(
    "keep_alive_unseen",
    NOTE,
    "a client gave {model} a keep_alive of its own, or had it loaded anew without one; at this log level nothing tells which: requests came from {clients}",
    "OLLAMA_DEBUG=1 (ollama_server_environment) has the log tell it; or ask the owners of these addresses",
)
KINDS = (SENT, SUSPECTS)
_TIMER = re.compile(r"gone idle, adding timer.* runner\.name=(?P<model>\S+)(?:.* runner\.pid=(?P<pid>\d+))?.* duration=(?P<length>\S+)")
_POST = re.compile(r"^\[GIN\] .*\| +(?P<client>[0-9a-fA-F.:]+) \| POST +\"(?P<path>[^\"]*)\"")
_WITH_KEEP_ALIVE = ("/api/generate", "/api/chat", "/api/embed", "/api/embeddings")
_MOST_CLIENTS = 5


@dataclass(frozen=True)
class _Stay:
    """How long a model stays in its runner `pid`, as a timer's line tells."""

    model: ModelName
    pid: str
    length: KeepAlive


@dataclass(frozen=True)
class _Change:
    """The line that first tells of another stay, and the last request before it."""

    stay: _Stay
    entry: Entry
    request: Entry | None


def check(look: Examination) -> Iterator[Finding]:
    """Who shortened the stay of a model that is declared to stay for ever."""
    if look.journal is None or look.policy is None:
        return
    told = list(_told(look, look.journal))
    yield from told
    if not told:
        yield from _suspects(look, look.journal.current)


def _told(look: Examination, journal: JournalLook) -> Iterator[Finding]:
    pins = {model.name: model.declared for model in look.policy.pins} if look.policy else {}
    environments = read_keep_alive(look.unit.environment.get("OLLAMA_KEEP_ALIVE") if look.unit else None)
    changes = _changes(journal.current, environments, complete=journal.current[:1] == journal.startup[:1])
    found: dict[tuple[_Stay, str], Finding] = {}
    for change in changes:
        if change.stay.model in pins and not change.stay.length.is_forever:
            request = _sender(change.request)
            client = request["client"] if request else "an unknown address"
            lines = [seen("journal", entry.message) for entry in (change.request, change.entry) if entry]
            sent = SENT.found(*lines, model=pins[change.stay.model], length=change.stay.length, client=client)
            found.setdefault((replace(change.stay, pid=""), client), sent)
    yield from found.values()


def _changes(entries: Iterable[Entry], environments: KeepAlive, complete: bool) -> Iterator[_Change]:
    """Where a client's keep_alive shows. A request without one keeps what the runner has, and a load without one takes the
    environment's (docs/ollama-semantics.md#which-keep_alive-counts); what a runner had before lines that are not `complete` is not known."""
    stays: dict[ModelName, _Stay] = {}
    request: Entry | None = None
    for entry in entries:
        request = entry if _POST.search(entry.message) else request
        stay = _stay(entry)
        if stay is None:
            continue
        before = stays.get(stay.model)
        known = before.length if before and before.pid == stay.pid else environments if before or complete else stay.length
        if stay.length != known:
            yield _Change(stay, entry, request)
        stays[stay.model], request = stay, None  # told of; one that was broken off is logged only after its timer


def _stay(entry: Entry) -> _Stay | None:
    found = _TIMER.search(entry.message)
    try:
        return _Stay(ModelName.parse(found["model"]), found["pid"] or "", KeepAlive.parse(found["length"])) if found else None
    except (ModelNameError, KeepAliveError):
        return None


def _sender(entry: Entry | None) -> re.Match[str] | None:
    """The request, if it is one that may carry a keep_alive: those of /v1 lose theirs (docs/ollama-semantics.md#keep_alive-by-endpoint)."""
    found = _POST.search(entry.message) if entry else None
    return found if found and found["path"] in _WITH_KEEP_ALIVE else None


def _suspects(look: Examination, entries: Sequence[Entry]) -> Iterator[Finding]:
    observation = look.server.observation if look.server else None
    if observation is None or look.policy is None:
        return
    timed = {stay.model for stay in map(_stay, entries) if stay}  # with debug lines, who is not named there sent none
    plan = make_plan(look.policy, observation)
    leaving = [verdict for verdict in plan.verdicts if EXPIRING in verdict.drift and verdict.model.name not in timed]
    requests = [found for found in map(_sender, entries) if found] if leaving else []
    for verdict in leaving:
        evidence = [seen("/api/ps", f"{verdict.listed.name} expires_at={verdict.listed.expiry}")] if verdict.listed else []
        evidence += [seen("journal", found.string) for found in requests[-1:]]
        yield SUSPECTS.found(*evidence, model=verdict.model.declared, clients=_clients(requests))


def _clients(requests: Iterable[re.Match[str]]) -> str:
    counts = Counter(found["client"] for found in requests)
    return ", ".join(f"{client} ({count})" for client, count in counts.most_common(_MOST_CLIENTS)) or "nobody that is logged"
