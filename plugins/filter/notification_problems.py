# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: notification_problems
short_description: Judges the form of addresses of notifications without showing them
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - What the controller can tell of Apprise's addresses without Apprise. A sentence names an address by its place only, since it
    holds passwords.
  - Only the roles and playbooks of this collection use it. It may change in any release.
options:
  _input:
    description:
      - The role P(keepwarm.ollama.ollama_warmup#role)'s C(ollama_warmup_notify_urls).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Judge addresses
  ansible.builtin.assert:
    that: ollama_warmup_notify_urls | keepwarm.ollama.notification_problems | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each address that is wrong.
  type: list
  elements: str
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable

_VARIABLE = "ollama_warmup_notify_urls"
_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]+")
_RIGHT = "give an address in Apprise's form, such as mailtos://user:password@example.com"


def notification_problems(urls: Any) -> list[str]:
    """One sentence for each address that cannot be one, or comes twice."""
    if isinstance(urls, (str, bytes)) or not isinstance(urls, Sequence):
        return [f"{_VARIABLE} is a {type(urls).__name__}, not a list: give a list of addresses, or [] for none"]
    texts = [_text(url) for url in urls]
    problems = [f"{_VARIABLE}[{place}] is not an address: {_RIGHT}" for place, text in enumerate(texts) if text is None]
    seen: dict[str, int] = {}
    for place, text in enumerate(texts):
        if text is not None and seen.setdefault(text, place) != place:
            problems.append(f"{_VARIABLE}[{place}] is the same address as {_VARIABLE}[{seen[text]}]: keep one")
    return problems


def _text(url: Any) -> str | None:
    """None for what is no address. What came from a vault may be of a type of its own, which is text when asked for it."""
    if url is None or isinstance(url, (bool, int, float, list, Mapping)):
        return None
    text = str(url)
    return text if _FORM.fullmatch(text) else None


class FilterModule:
    """Addresses of notifications."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"notification_problems": notification_problems}
