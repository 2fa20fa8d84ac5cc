# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page shows, row by row: the looks of the hosts, judged and put into words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.drifts import DEGRADING
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import display
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.display import state_kind, state_word
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet import NOTHING, said, statuses, trouble

from .cells import Drifted, Moment, Vram, last_drifts, looked, until, vram
from .reading import mapping, mappings, text, text_list

BAD, DEGRADED, HELD, IDLE, WARM = "bad", "degraded", "held", "idle", "warm"
"""The kinds of a state, the worst first; each has its colour."""
KINDS = (BAD, DEGRADED, HELD, IDLE, WARM)
_RESULTS = {"warm": WARM, NOTHING: IDLE, "on hold": HELD, "server stopped": HELD, "another pass is running": HELD}
_KINDS = {display.BAD: BAD, display.DEGRADED: DEGRADED, display.IDLE: IDLE, display.GOOD: WARM}
_SEVEREST_FIRST = ("bad configuration", "server unreachable", "not warm")
_NUMBERS = re.compile(r"([0-9]{1,15})")


@dataclass(frozen=True)
class State:
    """A word and the kind that it is of."""

    word: str
    kind: str


@dataclass(frozen=True)
class Row:
    """One model of one server of one host; `model` is empty where there is none to show. `why` are sentences."""

    host: str
    instance: str
    result: State
    looked: Moment
    model: str = ""
    policy: str = ""
    context: str = ""
    state: State | None = None
    drift: Sequence[str] = ()
    until: Moment | None = None
    vram: Vram | None = None
    why: Sequence[str] = ()
    last: Sequence[Drifted] = ()

    @property
    def place(self) -> str:
        """The host, and the server on it where there are several."""
        return f"{self.host} {self.instance}".rstrip()


def fleet_rows(results: Mapping[str, Mapping[str, Any] | None], now: datetime) -> list[Row]:
    """Every row of the page, the worst host first. `results`: by host, the registered result of the status command, None without one."""
    servers = [server for host, result in results.items() for server in _servers(host, result, now)]
    return [row for rows in sorted(servers, key=_order) for row in rows]


def host_kinds(rows: Iterable[Row]) -> dict[str, str]:
    """By host, the kind of the worst of its servers."""
    kinds: dict[str, str] = {}
    for row in rows:
        kinds[row.host] = min(kinds.get(row.host, WARM), row.result.kind, key=KINDS.index)
    return kinds


@dataclass(frozen=True)
class Order:
    """Where a host comes among others, and the kind of the worst of its servers."""

    key: tuple[Any, ...]
    kind: str


def host_order(host: str, result: Mapping[str, Any] | None, now: datetime) -> Order:
    """The worst host first, by the worst of its servers."""
    servers = _servers(host, result, now)
    worst = min(servers, key=_order)
    return Order(_order(worst), worst[0].result.kind)


def _order(rows: Sequence[Row]) -> tuple[Any, ...]:
    result = rows[0].result
    severity = _SEVEREST_FIRST.index(result.word) + 1 if result.word in _SEVEREST_FIRST else 0
    return KINDS.index(result.kind), severity, _natural(rows[0].host), _natural(rows[0].instance)


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """gpu2 before gpu10."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBERS.split(name))


def _servers(host: str, result: Mapping[str, Any] | None, now: datetime) -> list[list[Row]]:
    """The rows of each server of the host; one row where the host gave no status."""
    found = statuses(result)
    if not found:
        words = text(trouble(result))
        return [[Row(text(host), "", State("no status", BAD), Moment("not looked at", None), why=[words])]]
    several = "instances" in said(result)
    servers = [_server(text(host), text(status.get("instance")) if several else "", status, now) for status in found]
    if said(result).get("exit") != 0 and all(rows[0].result.kind in (DEGRADED, IDLE, WARM) for rows in servers):
        unseen = Row(text(host), "", State("not warm", BAD), Moment("not looked at", None), why=["a server of this host could not be looked at"])
        servers.append([unseen])
    return servers


def _server(host: str, instance: str, status: Mapping[str, Any], now: datetime) -> list[Row]:
    models = list(mappings(status.get("models")))
    result = _result(status, models)
    sentences = _sentences(status)
    seen = looked(status, now)
    rows = [_model_row(host, instance, result, seen, status, model, sentences, now) for model in models]
    rows.sort(key=lambda row: KINDS.index(row.state.kind) if row.state else 0)
    rest = [sentence for sentence in sentences if not any(sentence in row.why for row in rows)]
    if not rows:
        return [Row(host, instance, result, seen, why=rest)]
    return [replace(rows[0], why=[*rest, *rows[0].why]), *rows[1:]]


def _result(status: Mapping[str, Any], models: Iterable[Mapping[str, Any]]) -> State:
    word = text(status.get("result")) or "no result"
    kind = _RESULTS.get(word, BAD)
    if kind in (WARM, IDLE) and status.get("exit") != 0:
        return State("not warm", BAD)
    if kind == WARM and any(DEGRADING.intersection(text_list(model.get("drift"))) for model in models):
        return State("warm, degraded", DEGRADED)
    return State(word, kind)


def _sentences(status: Mapping[str, Any]) -> list[str]:
    """What is wrong now, and the hold; what the last pass said counts where nobody could look."""
    now = mapping(status.get("looked")) or mapping(status.get("last_pass"))
    hold = text(mapping(status.get("hold")).get("text"))
    return list(dict.fromkeys([*([hold] if hold else []), *text_list(now.get("failures")), *text_list(now.get("warnings"))]))


def _model_row(
    host: str, instance: str, result: State, seen: Moment, status: Mapping[str, Any], model: Mapping[str, Any], sentences: Sequence[str], now: datetime
) -> Row:
    name, listed, history = text(model.get("name")), mapping(model.get("after")), mapping(status.get("history"))
    canonical = text(model.get("model"))
    policy = text(model.get("policy"))
    return Row(
        host,
        instance,
        result,
        seen,
        model=name or "?",
        policy=policy if model.get("required") is True else f"{policy} (optional)",
        context=text(listed.get("context_length")),
        state=_state(model, result),
        drift=text_list(model.get("drift")),
        until=None if model.get("past") else until(listed, now),
        vram=vram(listed, mapping(mapping(history.get("set_aside")).get(canonical)), bool(model.get("past"))),
        why=[sentence for sentence in sentences if name and sentence.startswith(f"{name} ")],
        last=last_drifts(history, canonical, now),
    )


def _state(model: Mapping[str, Any], result: State) -> State:
    """As the host's own table has it; what an operator holds back is no fault."""
    clean = {key: model[key] if isinstance(model.get(key), bool) else None for key in ("required", "resident", "past", "was_resident", "seen")}
    clean["drift"] = text_list(model.get("drift"))
    kind = _KINDS[state_kind(clean)]
    return State(state_word(clean), HELD if result.kind == HELD and kind == BAD else kind)
