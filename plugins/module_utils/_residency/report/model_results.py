# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the models on a server's disk, as results and as texts for diff mode."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..decide.wanted_models import CREATE, DELETE, NO_ACTION, Decision
from ..execute.model_installer import Outcome
from ..values.model_name import ModelName
from ..values.observation import InstalledModel

_NOT_YET = "(its digest is known once it is made)"
_UNTOLD = "(its digest is not known here)"


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """One model of the result of a run."""
    return {
        **_data(outcome.decision),
        "before": outcome.before,
        "after": outcome.after,
        "size": outcome.size,
        "attempts": outcome.attempts,
        "seconds": outcome.seconds,
        "failure": outcome.failure,
    }


def predicted_data(decision: Decision) -> dict[str, Any]:
    """One model of the result in check mode. What only the act would tell is null."""
    installed = decision.installed
    upstream = decision.upstream
    size = upstream.size if upstream else installed.size if installed else None
    return {
        **_data(decision),
        "before": installed.digest if installed else None,
        "after": predicted_digest(decision),
        "size": None if decision.action == DELETE else size,
        "attempts": 0,
        "seconds": 0.0,
        "failure": decision.refusal,
    }


def predicted_digest(decision: Decision) -> str | None:
    """Null where it is not known, or where there will be no such model."""
    if decision.action == NO_ACTION or decision.refusal:
        return decision.installed.digest if decision.installed else None
    return decision.upstream.digest if decision.upstream else None


def _data(decision: Decision) -> dict[str, Any]:
    wanted = decision.wanted
    return {"name": wanted.declared, "model": str(wanted.name), "state": wanted.state, "action": decision.action}


def removed_data(models: Iterable[InstalledModel]) -> list[dict[str, Any]]:
    """The models that were deleted because nobody lists them."""
    return [{"name": str(model.name), "digest": model.digest, "size": model.size} for model in models]


def carried_out_diff(outcomes: Iterable[Outcome], removed: Iterable[InstalledModel]) -> dict[str, str]:
    """Which models there were and are, of those that are listed or were deleted."""
    done = list(outcomes)
    before = [(outcome.decision.wanted.name, outcome.before) for outcome in done]
    after = [(outcome.decision.wanted.name, outcome.after) for outcome in done]
    return _diff(before, after, removed)


def predicted_diff(decisions: Iterable[Decision], removed: Iterable[InstalledModel]) -> dict[str, str]:
    """Which models there are and would be."""
    predicted = list(decisions)
    before = [(each.wanted.name, each.installed.digest if each.installed else None) for each in predicted]
    after = [(each.wanted.name, _predicted_digest(each)) for each in predicted]
    return _diff(before, after, removed)


def _predicted_digest(decision: Decision) -> str | None:
    if decision.action == DELETE or (decision.installed is None and decision.action == NO_ACTION):
        return None
    if decision.refusal:
        return predicted_digest(decision)
    if decision.action == CREATE:
        return _NOT_YET
    return predicted_digest(decision) or _UNTOLD


Names = list[tuple[ModelName, "str | None"]]


def _diff(before: Names, after: Names, removed: Iterable[InstalledModel]) -> dict[str, str]:
    gone: Names = [(model.name, model.digest) for model in removed]
    return {"before": _text(before + gone), "after": _text(after)}


def _text(models: Names) -> str:
    return "".join(f"{name}: {digest}\n" for name, digest in sorted(models, key=lambda model: str(model[0])) if digest)
