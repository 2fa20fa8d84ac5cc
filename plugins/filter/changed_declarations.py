# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: changed_declarations
short_description: Tells which declarations a new configuration of the agent changes
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - What a changed declaration does to a model in memory, before the configuration is written. A declaration that changed is put into effect
    once, whatever clients' contexts are left to.
options:
  _input:
    description:
      - The agent's configuration so far, as the text of its file; empty where there is none.
    type: str
    required: true
  policy:
    description:
      - The policy to come, as O(_input) holds one.
    type: dict
    required: true
positional: policy
"""

EXAMPLES = r"""
- name: Announce what a new policy changes
  ansible.builtin.debug:
    msg: "{{ former_configuration | keepwarm.ollama.changed_declarations(policy) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each change. Empty where nothing changes, or where the former configuration cannot be read.
  type: list
  elements: str
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import DeclaredModel, Policy, PolicyError, parse_policy


def changed_declarations(configuration: str, policy: Mapping[str, Any]) -> list[str]:
    """A sentence for each model that was declared before and gets another context, or another keep_alive."""
    before, after = _former(configuration), parse_policy(policy)
    if before is None:
        return []
    return [sentence for model in after.models for sentence in _sentences(before.find(model.name), model)]


def _former(configuration: str) -> Policy | None:
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


class FilterModule:
    """Changes of a declaration."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"changed_declarations": changed_declarations}
