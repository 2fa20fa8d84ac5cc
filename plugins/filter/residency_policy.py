# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's validator as a preflight check on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import policy_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError, parse_policy

DOCUMENTATION = r"""
name: residency_policy
short_description: Validate a residency policy and fill in its defaults
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Validates which models are to stay in memory, with the very code that M(keepwarm.ollama.ollama_warm) and the host agent use.
  - Fails with one sentence for every problem, before anything was changed on a host.
options:
  _input:
    description:
      - The policy, a mapping with the keys V(models), V(undeclared_keep_alive), V(max_loaded_models), V(context_mismatch),
        V(strict) and V(release).
      - Each of V(models) has the options that O(keepwarm.ollama.ollama_warm#module:models) describes.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse a policy that cannot be kept
  ansible.builtin.debug:
    msg: "{{ {'models': [{'name': 'qwen3:8b'}, {'name': 'llama3:8b', 'policy': 'warm', 'keep_alive': '30m'}]}
             | keepwarm.ollama.residency_policy }}"
"""

RETURN = r"""
_value:
  description: The policy with every default filled in, as plain data.
  type: dict
  sample:
    models:
      - name: qwen3:8b
        policy: pin
        keep_alive: -1
        num_ctx: null
        required: true
        min_gpu_percent: null
    undeclared_keep_alive: null
    max_loaded_models: null
    context_mismatch: report
    strict: false
    release: expire
"""


def residency_policy(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The policy as plain data. Raises C(AnsibleFilterError) naming every problem."""
    try:
        return policy_data(parse_policy(raw))
    except PolicyError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"residency_policy": residency_policy}
