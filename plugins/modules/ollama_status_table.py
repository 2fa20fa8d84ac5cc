# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_status_table
short_description: Print the status of many hosts as one table
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Prints what C(ollama-warmup status --json) said on each host, as one table, on the controller. The playbook C(status) uses it.
  - A host that did not answer has a line of its own that says so.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.info_module
  - keepwarm.ollama.attributes.posix
options:
  hosts:
    description: The hosts of the table, in its order.
    type: list
    elements: str
    required: true
  variable:
    description: The name of the variable under which the result of the status command was registered on each host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Ask the host's agent
  ansible.builtin.command:
    argv: [ollama-warmup, status, --json]
  register: status
  changed_when: false
  failed_when: false

- name: Show the fleet
  keepwarm.ollama.ollama_status_table:
    hosts: "{{ ansible_play_hosts_all }}"
    variable: status
  run_once: true
"""

RETURN = r"""
table:
  description: The table as it was printed.
  type: str
  returned: success
  sample: |-
    HOST  MODEL   POLICY  STATE     UNTIL     PROCESSOR  CONTEXT  DRIFT
    gpu1  tiny-a  pin     resident  for ever  100% GPU   4096     -

    1 of 1 hosts warm
"""
