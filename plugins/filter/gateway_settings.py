# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_settings
short_description: Validates the settings of a gateway, and prepares them for nginx
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - No sentence shows a token.
  - Only the role P(keepwarm.ollama.ollama_gateway#role) uses it. It may change in any release.
options:
  _input:
    description: The variables of the role, without their prefix.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ (settings | keepwarm.ollama.gateway_settings).problems }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one sentence each.
    - Without any also C(listen), addresses and ports; C(settings), what the script reads; C(tokens), the hash of each token with its client;
      C(rates), each with its clients.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.plugin_utils._gateway import gateway_settings


class FilterModule:
    """Settings of a gateway."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"gateway_settings": gateway_settings}
