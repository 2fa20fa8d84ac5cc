# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: undeclared_server
short_description: Says why the one server of a host is in the way of several that were declared since
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - A server that nobody declared any more is in the way if it would listen where a declared one is to, or if it was declared before.
  - One that neither runs nor is started at boot is in nobody's way.
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input, seen
options:
  _input:
    description: The list, as P(keepwarm.ollama.instance_settings#filter) has found it to be right.
    type: list
    elements: dict
    required: true
  seen:
    description: What M(keepwarm.ollama.ollama_unit_info) told of the server's unit.
    type: dict
    required: true
  host:
    description: The address of the instances that name none.
    type: str
"""

EXAMPLES = r"""
- name: Say whether ollama.service is in the way
  ansible.builtin.debug:
    msg: "{{ ollama_server_instances | keepwarm.ollama.undeclared_server(info) }}"
"""

RETURN = r"""
_value:
  description: One sentence, or an empty text if it is not in the way.
  type: str
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.clashes import undeclared_server as judge
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.entry import DEFAULT, read_entry


def undeclared_server(raw: Sequence[Mapping[str, Any]], seen: Mapping[str, Any], host: str | None = None) -> str:
    """Why the server is in the way, or nothing. An instance named default is that server itself."""
    entries = [read_entry(entry, place, host) for place, entry in enumerate(raw, 1)]
    if any(entry.name == DEFAULT for entry in entries):
        return ""
    return judge(entries, seen) or ""


class FilterModule:
    """Several servers of one host."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"undeclared_server": undeclared_server}
