# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: declared_models
short_description: Reads a list of models as people write it
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Names become mappings with a C(name). A text is a list of names with commas between them, or a list as JSON.
  - Null is an empty list, and so is what is no list of models, which P(keepwarm.ollama.warmup_settings#filter) refuses.
  - Only the roles and playbooks of this collection use it. It may change in any release.
options:
  _input:
    description: The list, as C(ollama_warmup_models) has it.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show the declared models
  ansible.builtin.debug:
    msg: "{{ ['qwen3:8b', {'name': 'nomic-embed-text', 'num_ctx': 2048}] | keepwarm.ollama.declared_models }}"
    # => [{"name": "qwen3:8b"}, {"name": "nomic-embed-text", "num_ctx": 2048}]
"""

RETURN = r"""
_value:
  description: The models, each a mapping.
  type: list
  elements: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.model_list import is_given, read_models


def declared_models(raw: Any) -> list[Mapping[str, Any]]:
    """The models as mappings."""
    return (read_models(raw) or []) if is_given(raw) else []


class FilterModule:
    """Lists of models."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"declared_models": declared_models}
