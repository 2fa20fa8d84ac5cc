# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_inputs
short_description: Finds a role's inputs among names of variables
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - What the inputs of a role are, its argument specs say. Those that may be anything (C(raw)) are left out, since there is nothing to judge them by in
    P(keepwarm.ollama.input_problems#filter).
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input, role
options:
  _input:
    description: Names of variables, as the lookup P(ansible.builtin.varnames#lookup) finds them.
    type: list
    elements: str
    required: true
  role:
    description: The role's name; all of this collection where it is not given.
    type: str
"""

EXAMPLES = r"""
- name: Name the variables of ollama_model that are set
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.varnames', '^ollama_model_', wantlist=true) | keepwarm.ollama.role_inputs('ollama_model') }}"
"""

RETURN = r"""
_value:
  description: Those names that are inputs of the role, in alphabetical order.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_specs import ROLES, options


def role_inputs(names: Iterable[str], role: str | None = None) -> list[str]:
    """Those that the argument specs of the role, or of all, judge."""
    known = {name: option for one in ([role] if role else ROLES) for name, option in options(one).items()}
    return sorted(name for name in set(names) & set(known) if known[name].get("type") != "raw")


class FilterModule:
    """Inputs of a role."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"role_inputs": role_inputs}
