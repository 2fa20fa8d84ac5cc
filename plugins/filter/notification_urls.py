# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: notification_urls
short_description: Reads a list of addresses of notifications, which may be a text
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - With C(-e key=value) every value is a text. Addresses in it are separated by commas or blanks.
  - What is neither a list nor a text is left as it is, for P(keepwarm.ollama.notification_problems#filter) to refuse.
  - Only the roles and playbooks of this collection use it. It may change in any release.
options:
  _input:
    description: The role P(keepwarm.ollama.ollama_warmup#role)'s C(ollama_warmup_notify_urls).
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Count addresses
  ansible.builtin.debug:
    msg: "{{ 'json://one.example,json://two.example' | keepwarm.ollama.notification_urls | length }}"
    # => 2
"""

RETURN = r"""
_value:
  description: The addresses.
  type: list
  elements: str
"""

import re
from collections.abc import Callable
from typing import Any

# A comma within an address, as between recipients, does not end it.
_BETWEEN = re.compile(r"[,\s]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


def notification_urls(raw: Any) -> Any:
    """The addresses of a text; what is none is left as it is."""
    if not isinstance(raw, str):
        return raw
    return [url for url in _BETWEEN.split(raw.strip()) if url]


class FilterModule:
    """Addresses of notifications."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"notification_urls": notification_urls}
