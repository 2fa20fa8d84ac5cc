# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which models are to be on the disk, put together from what two roles are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.model_list import RIGHT, is_given, read_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.wanted_models import PRESENT, PRUNE_NONE, read_wanted
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName, ModelNameError
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError

_LISTED = "ollama_model_models"
_DECLARED = "ollama_warmup_models"


def wanted_models(
    models: Any, declared: Any = (), pull: bool = False, state: str = PRESENT, insecure: bool = False, prune: str = PRUNE_NONE
) -> dict[str, Any]:
    """The entries, and every problem with them, one sentence each."""
    problems = [f"{name} is {short_repr(raw)}, not a list of models: {RIGHT}" for name, raw in ((_LISTED, models), (_DECLARED, declared)) if _is_none(raw)]
    if problems:
        return {"models": [], "kept": [], "problems": problems}
    listed = [{key: value for key, value in entry.items() if value is not None} for entry in read_models(models) or ()]
    known = {name for name in map(_name, listed) if name}
    others = [entry for entry in read_models(declared) or () if _name(entry) not in known]
    entries = listed + [{"name": entry.get("name"), "state": state, "insecure": insecure} for entry in others if pull]
    kept = [] if pull else [entry.get("name") for entry in others]
    try:
        read_wanted(entries, prune, kept)
    except PolicyError as error:
        return {"models": [], "kept": [], "problems": [_with_variable(problem, others) for problem in error.problems]}
    return {"models": entries, "kept": kept, "problems": []}


def _is_none(raw: Any) -> bool:
    """Whether it is no list of models; one that is not given is empty."""
    return is_given(raw) and read_models(raw) is None


def _with_variable(problem: str, others: Iterable[Mapping[str, Any]]) -> str:
    """The sentence with the variable that it is about."""
    if problem.startswith("prune "):
        return f"ollama_model_{problem}"
    declared = any(_name(entry) is None and short_repr(entry.get("name")) in problem for entry in others)
    return f"{_DECLARED if declared else _LISTED}: {problem}"


def _name(entry: Mapping[str, Any]) -> ModelName | None:
    """None for what is no name, which `read_wanted` tells."""
    try:
        return ModelName.parse(entry.get("name"))
    except ModelNameError:
        return None
