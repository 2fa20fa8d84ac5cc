# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: input_problems
short_description: Says what is wrong with the variables of a role, with one sentence for each
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Finds names that are within two letters of an input of this collection's. Other names that begin as those do, and are none, are one warning.
  - Reads the values of the inputs where it is used, as any template would, and judges them by the argument specs of the role. An input of type
    C(raw) and a variable that is no input are not read.
  - Booleans and numbers may be texts, as they are with C(-e key=value), and lists of texts a text with commas.
notes:
  - Only the roles of this collection use this filter. It may change in any release.
positional: _input, role
options:
  _input:
    description: The names of the host's variables.
    type: list
    elements: str
    required: true
  role:
    description: The role whose inputs are judged; all of this collection where it is not given.
    type: str
  known:
    description: Names that are somebody's own, as the variable C(keepwarm_known_variables) has them.
    type: raw
    default: []
  others:
    description: Sentences of other judges about the same variables. One that begins with a variable that does not fit is left out.
    type: list
    elements: str
    default: []
  names_only:
    description: Whether only the names are judged, and no value is read.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Refuse misspelt names, and values that cannot be
  ansible.builtin.assert:
    that: lookup('ansible.builtin.varnames', '^(ollama|keepwarm)_', wantlist=true) | keepwarm.ollama.input_problems('ollama_server') | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each name and each value that is wrong, then the others.
  type: list
  elements: str
  sample:
    - "ollama_server_rocm is 'perhaps', neither true nor false"
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_names import name_problems
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_values import judged_names, value_problems
from jinja2 import Undefined, pass_context
from jinja2.runtime import Context


@pass_context
def input_problems(
    context: Context, names: Iterable[str], role: str | None = None, known: Any = (), others: Iterable[str] = (), names_only: bool = False
) -> list[str]:
    """What is wrong with the names, then with the values."""
    names = list(names)
    misspelt = name_problems(names, known)
    if names_only:
        return misspelt
    return misspelt + value_problems({name: _settled(context.resolve(name)) for name in judged_names(names, role)}, role, others)


def _settled(value: Any) -> Any:
    """The value with all that is in it: Ansible evaluates what a list or a mapping holds when it is asked for."""
    if isinstance(value, Undefined):
        str(value)  # raises its own sentence
    if isinstance(value, Mapping):
        return {key: _settled(item) for key, item in value.items()}
    return [_settled(item) for item in value] if isinstance(value, (list, tuple)) else value


class FilterModule:
    """Inputs of the roles."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"input_problems": input_problems}
