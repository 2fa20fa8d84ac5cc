# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before and after as YAML texts, for Ansible's diff mode."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from ..decide.actions import LOADS, SET_EXPIRY
from ..decide.drifts import HUNG_RUNNER
from ..decide.progress import PassResult
from ..decide.verdicts import Plan, Verdict
from ..values.keep_alive import FOREVER_AHEAD

_FOREVER = "for ever"


def carried_out(done: PassResult, now: datetime) -> dict[str, str]:
    """What a pass found and left. A model that it did not change reads the same on both sides."""
    before = [_now(progress.first, now) for progress in done.models]
    after = [_now(progress.last if progress.changed else progress.first, now) for progress in done.models]
    return {"before": _text(before), "after": _text(after)}


def predicted(plan: Plan, now: datetime) -> dict[str, str]:
    """What a pass would change, as far as it can be known before."""
    before = [_now(verdict, now) for verdict in plan.verdicts]
    return {"before": _text(before), "after": _text(_then(verdict, now) for verdict in plan.verdicts)}


def _now(verdict: Verdict, now: datetime) -> dict[str, object]:
    listed = verdict.listed if verdict.in_memory else None
    state: dict[str, object] = {"model": str(verdict.model.name), "in memory": listed is not None}
    if listed is not None:
        runner = {True: "alive", False: "dead", None: "unknown"}[verdict.alive]
        state["runner"] = "hung" if HUNG_RUNNER in verdict.drift else runner
        state["until"] = _FOREVER if listed.expiry.remaining(now) > FOREVER_AHEAD else str(listed.expiry)
        state["context"] = listed.context_length
    return state


def _then(verdict: Verdict, now: datetime) -> dict[str, object]:
    state = _now(verdict, now)
    if verdict.action not in LOADS and verdict.action != SET_EXPIRY:
        return state
    keep_alive = verdict.model.keep_alive
    state["in memory"] = True
    state["runner"] = "alive"
    state["until"] = _FOREVER if keep_alive.is_forever else f"{keep_alive} after its last request"
    state["context"] = verdict.num_ctx or "the server's default"
    return state


def _text(states: Iterable[dict[str, object]]) -> str:
    """A list of flat mappings. Every JSON scalar is a YAML scalar, and PyYAML is not on every host."""
    return "".join(
        "".join(f"{'- ' if first else '  '}{key}: {json.dumps(state[key])}\n" for first, key in _marked(state)) for state in states
    )


def _marked(state: dict[str, object]) -> Iterable[tuple[bool, str]]:
    return ((index == 0, key) for index, key in enumerate(state))
