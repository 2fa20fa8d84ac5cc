# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of each model's declaration was put into effect last: a declaration that changed is put into effect once.

`context_mismatch` is about contexts that clients bring. An operator who declares another `num_ctx`, or another
`keep_alive` of a `warm` model, is obeyed once; whatever a client does afterwards is a client's doing again.
The agent keeps this in its state. A module that makes the same change in a play reads it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._base.readers import MAYBE_WHOLE, TEXT, WHOLE, mapped, typed
from ..values.model_name import ModelName
from ..values.policy import DeclaredModel, Policy

KEEP_ALIVE = "keep_alive"
NUM_CTX = "num_ctx"


@dataclass(frozen=True)
class Applied:
    """`keep_alive` as a request has it, the number -1 or a duration; `num_ctx` in tokens, None for the server's default."""

    keep_alive: int | str
    num_ctx: int | None = None


def applied_by(model: DeclaredModel) -> Applied:
    """What there is to put into effect of this declaration."""
    return Applied(model.keep_alive.as_request(), model.num_ctx)


def changes(policy: Policy, applied: Mapping[ModelName, Applied]) -> dict[ModelName, frozenset[str]]:
    """By model, which of `KEEP_ALIVE` and `NUM_CTX` is still to be put into effect; all of a model that is declared for the first time."""
    found = {model.name: frozenset(_changed(model, applied.get(model.name))) for model in policy.models}
    return {name: words for name, words in found.items() if words}


def _changed(model: DeclaredModel, applied: Applied | None) -> list[str]:
    now = applied_by(model)
    if applied is None:
        return [KEEP_ALIVE, NUM_CTX]
    return [word for word in (KEEP_ALIVE, NUM_CTX) if getattr(now, word) != getattr(applied, word)]


def applied_data(applied: Mapping[ModelName, Applied]) -> dict[str, Any]:
    """As plain data; `parse_applied` reads it back."""
    return {str(name): vars(entry) for name, entry in sorted(applied.items(), key=lambda item: str(item[0]))}


def parse_applied(raw: Any) -> dict[ModelName, Applied]:
    """Raises `InvalidValue`."""
    return {ModelName.parse(name): entry for name, entry in mapped({"applied": raw}, "applied", _parse).items()}


def _parse(raw: Mapping[str, Any]) -> Applied:
    return Applied(typed(raw, KEEP_ALIVE, WHOLE + TEXT), typed(raw, NUM_CTX, MAYBE_WHOLE))
