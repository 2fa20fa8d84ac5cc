# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: systemd_environment
short_description: Writes environment variables as lines of a systemd unit
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Quotes every assignment so that systemd reads back exactly the value, whatever blanks, quotes, backslashes, percent
    or dollar signs it holds.
  - A value that no unit can carry (a newline, another control character, invalid UTF-8) is an error.
options:
  _input:
    description:
      - Variables and their values.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write two variables
  ansible.builtin.debug:
    msg: "{{ {'OLLAMA_MODELS': '/srv/my models', 'SHARE': '80%'} | keepwarm.ollama.systemd_environment }}"
    # => ['Environment="OLLAMA_MODELS=/srv/my models"', 'Environment="SHARE=80%%"']
"""

RETURN = r"""
_value:
  description: One C(Environment=) line for each variable, in their order.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.quoting import QuotingError, quote_assignment


def environment_lines(variables: Mapping[str, Any]) -> list[str]:
    """One line for each variable."""
    try:
        return [f"Environment={quote_assignment(str(name), str(value))}" for name, value in variables.items()]
    except QuotingError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Values as systemd units write them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"systemd_environment": environment_lines}
