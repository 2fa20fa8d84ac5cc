# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: models_not_installed
short_description: Says which required models a server does not have
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Compares declared models with a server's answer to C(/api/tags), before anything of the collection is on the host.
positional: _input, tags, to_come
options:
  _input:
    description:
      - The declared models, as P(keepwarm.ollama.residency_policy#filter) has them.
    type: list
    elements: dict
    required: true
  tags:
    description:
      - The answer. One that is no list of models tells nothing.
    type: dict
    required: true
  to_come:
    description:
      - Models that are going to be installed, as names or as dictionaries with a C(name); V(*) stands for all.
    type: list
    default: []
"""

EXAMPLES = r"""
- name: Refuse models that are not there
  ansible.builtin.assert:
    that: declared | keepwarm.ollama.models_not_installed(answer.json) | length == 0
"""

RETURN = r"""
_value:
  description:
    - One sentence for each, without a full stop at its end.
  type: list
  elements: str
"""

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName, ModelNameError

ALL = "*"


def models_not_installed(declared: Iterable[Mapping[str, Any]], tags: Any, to_come: Iterable[Any] = ()) -> list[str]:
    """For each required model that is neither on the server nor to come."""
    listed = tags.get("models") if isinstance(tags, Mapping) else None
    coming = [one.get("name") if isinstance(one, Mapping) else one for one in to_come if not _goes(one)]
    if not isinstance(listed, list) or ALL in coming:
        return []
    there = {_key(one.get("name")) for one in listed if isinstance(one, Mapping)} | set(map(_key, coming))
    lacking = (str(model["name"]) for model in declared if model.get("required", True) and _key(model["name"]) not in there)
    return [f"{name} is not installed on the server: pull or create it first (ollama_model, or ollama pull {name})" for name in lacking]


def _goes(one: Any) -> bool:
    return isinstance(one, Mapping) and one.get("state") == "absent"


def _key(name: Any) -> str:
    """What two names of one model have in common."""
    try:
        return str(ModelName.parse(name)).lower()
    except ModelNameError:
        return ""


class FilterModule:
    """Models that are not there."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"models_not_installed": models_not_installed}
