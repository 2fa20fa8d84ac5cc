# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: name_problems
short_description: Refuses misspelt names of this collection's variables, and warns of unknown ones
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - A variable whose name is misspelt has no effect, and Ansible says nothing of it.
  - A name within two letters of one of the roles' or playbooks' variables is a problem. Any other that begins as these do
    (C(ollama_server_), C(ollama_warmup_), C(ollama_model_), C(keepwarm_)) is named in one warning.
  - What the roles know is read from their argument specs.
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input
options:
  _input:
    description: Names of variables, as the lookup P(ansible.builtin.varnames#lookup) finds them.
    type: list
    elements: str
    required: true
  known:
    description: Names that are somebody else's and are not to be judged.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Refuse misspelt names
  ansible.builtin.assert:
    that: lookup('ansible.builtin.varnames', '^(ollama|keepwarm)_', wantlist=true) | keepwarm.ollama.name_problems | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each name that is nearly one of ours.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterable
from typing import Any

from ansible.utils.display import Display
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_names import SILENCED_BY, misspelt, unknown


def name_problems(names: Iterable[str], known: Any = ()) -> list[str]:
    """One sentence for each name that is nearly one of ours; the others are one warning."""
    if isinstance(known, str):  # with -e key=value
        known = [name.strip() for name in known.split(",")]
    if known is not None and not isinstance(known, (list, tuple)):
        return [f"{SILENCED_BY} is {known!r}, not a list: give the names of variables that are not of this collection"]
    judged = set(names) - set(known or ())
    others = unknown(judged)
    if others:
        Display().warning(
            f"{', '.join(others)}: no variable of keepwarm.ollama has that name, so it has no effect there;"
            f" list in {SILENCED_BY} what is yours"
        )
    return [
        f"{name} is no variable of keepwarm.ollama: {meant} is meant; write that, or list {name} in {SILENCED_BY} if it is yours"
        for name, meant in misspelt(judged)
    ]


class FilterModule:
    """Names of variables."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"name_problems": name_problems}
