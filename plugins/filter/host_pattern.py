# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_pattern
short_description: Reads which hosts a playbook takes
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Fails with a sentence that begins with C(keepwarm_hosts) if the value can be no pattern of hosts.
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input
options:
  _input:
    description: A pattern of hosts, or a list of such patterns, as the variable C(keepwarm_hosts) has it.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Take the hosts of two groups
  hosts: "{{ ['gpu_hosts', 'lab'] | keepwarm.ollama.host_pattern }}"
"""

RETURN = r"""
_value:
  description: One pattern.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError


def host_pattern(value: Any) -> str:
    """One pattern of hosts. A play's keyword is templated before Ansible forks, so that its workers find all filters of ours loaded."""
    patterns = [value] if isinstance(value, str) else value
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) and pattern.strip() for pattern in patterns):
        raise AnsibleFilterError(f"keepwarm_hosts {value!r} is no pattern of hosts: name hosts or groups, such as gpu_hosts or a:b, or give a list of names")
    return ":".join(patterns)


class FilterModule:
    """Patterns of hosts."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"host_pattern": host_pattern}
