# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: failure_sentence
short_description: Says in one sentence why a task failed
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Finds what a C(rescue) has to tell, in C(ansible_failed_result), also where the task was a loop, whose own message says nothing.
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input, task
options:
  _input:
    description:
      - C(ansible_failed_result).
    type: dict
    required: true
  task:
    description:
      - The name of the task, for one that said nothing.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Say what failed
  ansible.builtin.debug:
    msg: "{{ ansible_failed_result | keepwarm.ollama.failure_sentence(ansible_failed_task.name) }}"
"""

RETURN = r"""
_value:
  description:
    - One line, without a full stop at its end.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

_ITEMS = "results"
_SAID = ("msg", "reason", "stderr", "stdout")


def failure_sentence(result: Mapping[str, Any], task: str) -> str:
    """The message of the task, or of the first item of its loop that failed."""
    failed = next((item for item in result.get(_ITEMS) or [] if isinstance(item, Mapping) and item.get("failed")), result)
    said = next((_line(failed[key]) for key in _SAID if failed.get(key)), "")
    return said.rstrip(".") or f"the task '{task}' failed"


def _line(text: Any) -> str:
    """An assertion's message may be a list."""
    return " ".join((". ".join(map(str, text)) if isinstance(text, list) else str(text)).split())


class FilterModule:
    """What went wrong."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"failure_sentence": failure_sentence}
