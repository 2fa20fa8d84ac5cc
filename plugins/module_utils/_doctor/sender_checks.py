# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sent which keep_alive, as far as the log tells. Pure.

A request's keep_alive is in no line of the usual level. With OLLAMA_DEBUG=1 the server says after each request how long the model
stays (sched.go: C(runner with non-zero duration has gone idle, adding timer) with C(duration=)), and just before it its access
log says who asked (server semantics, section 9).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from .._residency.drift import EXPIRING, make_plan
from .._residency.keep_alive import KeepAlive, KeepAliveError
from .._residency.model_name import ModelName, ModelNameError
from .examination import Entry, Examination
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
    "a client gave {model} a keep_alive of its own; at this log level nothing tells which: requests came from {clients}",
    "OLLAMA_DEBUG=1 (ollama_server_environment) has the log tell it; or ask the owners of these addresses",
)
KINDS = (SENT, SUSPECTS)
_TIMER = re.compile(r"gone idle, adding timer.* runner\.name=(?P<model>\S+).* duration=(?P<length>\S+)")
_REQUEST = re.compile(r"^\[GIN\] .*\| +(?P<client>[0-9a-fA-F.:]+) \| POST +\"(?P<path>/api/(?:generate|chat|embed|embeddings))\"")
_MOST_CLIENTS = 5


def check(look: Examination) -> Iterator[Finding]:
    """Who shortened the stay of a model that is declared to stay for ever."""
    if look.journal is None or look.policy is None:
        return
    told = list(_told(look, look.journal.current))
    yield from told
    if not told:
        yield from _suspects(look, look.journal.current)


def _told(look: Examination, entries: Sequence[Entry]) -> Iterator[Finding]:
    pins = {model.name: model.declared for model in look.policy.pins} if look.policy else {}
    found: dict[str, Finding] = {}
    request: Entry | None = None
    for entry in entries:
        if _REQUEST.search(entry.message):
            request = entry
        timer = _TIMER.search(entry.message)
        name = _model(timer["model"]) if timer else None
        if timer and name in pins and _is_finite(timer["length"]):
            client = _REQUEST.search(request.message) if request else None
            lines = [seen("journal", line.message) for line in (request, entry) if line]
            values = {"model": pins[name], "length": timer["length"], "client": client["client"] if client else "an unknown address"}
            found[pins[name]] = SENT.found(*lines, **values)
    yield from found.values()


def _suspects(look: Examination, entries: Sequence[Entry]) -> Iterator[Finding]:
    observation = look.server.observation if look.server else None
    if observation is None or look.policy is None:
        return
    requests = [found for found in (_REQUEST.search(entry.message) for entry in entries) if found]
    clients = Counter(found["client"] for found in requests)
    named = ", ".join(f"{client} ({count})" for client, count in clients.most_common(_MOST_CLIENTS)) or "nobody that is logged"
    for verdict in make_plan(look.policy, observation).verdicts:
        if EXPIRING in verdict.drift and verdict.listed:
            evidence = [seen("/api/ps", f"{verdict.listed.name} expires_at={verdict.listed.expiry}")]
            evidence += [seen("journal", found.string) for found in requests[-1:]]
            yield SUSPECTS.found(*evidence, model=verdict.model.declared, clients=named)


def _model(text: str) -> ModelName | None:
    try:
        return ModelName.parse(text)
    except ModelNameError:
        return None


def _is_finite(length: str) -> bool:
    try:
        return not KeepAlive.parse(length).is_forever
    except KeepAliveError:
        return False
