# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a changed declaration does to models that are in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .._residency.values.policy import DeclaredModel, Policy
from .._residency.values.policy_reader import PolicyError, parse_policy


def changed_declarations(former: str, configuration: str) -> list[str]:
    """A sentence for each model that was declared before and gets another context, or another keep_alive. Both are configurations of the agent."""
    before, after = _policy(former), _policy(configuration)
    if before is None or after is None:
        return []
    return [sentence for model in after.models for sentence in _sentences(before.find(model.name), model)]


def _policy(configuration: str) -> Policy | None:
    """None for what the agent could not have read either."""
    try:
        return parse_policy(json.loads(configuration)["policy"])
    except (ValueError, KeyError, TypeError, RecursionError, PolicyError):
        return None


def _sentences(before: DeclaredModel | None, after: DeclaredModel) -> Iterator[str]:
    if before is None:
        return
    if after.num_ctx is not None and after.num_ctx != before.num_ctx:
        former = "the server's default" if before.num_ctx is None else before.num_ctx
        yield f"num_ctx of {after.declared} changes from {former} to {after.num_ctx}: it is reloaded once, if it is in memory with another context"
    if not after.is_pin and after.keep_alive != before.keep_alive:
        yield f"keep_alive of {after.declared} changes from {before.keep_alive} to {after.keep_alive}: its expiry is set once, if it is in memory"
