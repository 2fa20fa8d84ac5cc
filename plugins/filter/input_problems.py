# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: input_problems
short_description: Judges the values of a role's inputs by its argument specs, with one sentence for each that does not fit
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Booleans and numbers may be texts, as they are with C(-e key=value), and lists of texts a text with commas.
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input, role
options:
  _input:
    description: Values by the names of the variables.
    type: dict
    required: true
  role:
    description: The role's name; all of this collection where it is not given.
    type: str
  others:
    description: Sentences of other judges about the same variables. One that begins with a variable that does not fit is left out.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Judge two values
  ansible.builtin.debug:
    msg: "{{ {'ollama_server_rocm': 'perhaps', 'ollama_server_gpu_timeout': '20'} | keepwarm.ollama.input_problems('ollama_server') }}"
    # => ["ollama_server_rocm is 'perhaps', neither true nor false"]
"""

RETURN = r"""
_value:
  description: One sentence for each input that does not fit, then the others.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_specs import ROLES
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_values import misfits


def input_problems(values: Mapping[str, Any], role: str | None = None, others: Iterable[str] = ()) -> list[str]:
    """What does not fit the argument specs of the role, or of all, and what others have found."""
    found = {name: sentence for one in ([role] if role else ROLES) for name, sentence in misfits(one, values)}
    return list(dict.fromkeys([*found.values(), *(sentence for sentence in others if sentence.split(" ")[0] not in found)]))


class FilterModule:
    """Values of a role's inputs."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"input_problems": input_problems}
