# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared models that nobody installs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._residency.values.model_name import ModelName, ModelNameError

ALL = "*"


def models_not_installed(declared: Iterable[Mapping[str, Any]], installed: Iterable[Any], to_come: Iterable[Any] = ()) -> list[str]:
    """A sentence for each required model that is neither on the server nor to come. to_come: names, mappings, or "*" for whatever is declared."""
    coming = [one.get("name") if isinstance(one, Mapping) else one for one in to_come if not _goes(one)]
    if ALL in coming:
        return []
    there = {_key(name) for name in (*installed, *coming)}
    lacking = (str(model["name"]) for model in declared if model.get("required", True) and _key(model["name"]) not in there)
    return [f"{name} is not installed on the server: pull or create it first (ollama_model, or ollama pull {name})" for name in lacking]


def _goes(one: Any) -> bool:
    return isinstance(one, Mapping) and one.get("state") == "absent"


def _key(name: Any) -> str:
    """What two names of one model have in common."""
    try:
        return str(name if isinstance(name, ModelName) else ModelName.parse(name)).lower()
    except ModelNameError:
        return ""
