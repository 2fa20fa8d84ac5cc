# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module ollama_warm, read and judged. Asks no server anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._residency.values.model_name import ModelName
from .._residency.values.policy import Policy
from .._residency.values.policy_reader import parse_policy

_POLICY_OPTIONS = ("undeclared_keep_alive", "max_loaded_models", "context_mismatch", "strict")
Environment = Mapping[str, "str | None"]


@dataclass(frozen=True)
class Expected:
    """What will be so by the time of the loads, for a prediction. environment: None where nobody expects another than the running one."""

    restarted: bool
    installed: frozenset[ModelName]
    empty: bool
    environment: Environment | None


@dataclass(frozen=True)
class Asked:
    """only: the models to act on, None for all. verify_timeout: 0 does not verify. Times in seconds."""

    url: str
    unit: str
    instance: str
    policy: Policy
    only: frozenset[ModelName] | None
    expected: Expected
    load_warm: bool
    apply_changes: bool
    load_timeout: float
    verify_timeout: float

    @property
    def verifies(self) -> bool:
        """Whether a required model that is not resident is a failure."""
        return self.verify_timeout > 0


def read_asked(params: Mapping[str, Any]) -> Asked:
    """Raises `PolicyError` naming every problem of the policy, or `ValueError` for a name that is none or not declared."""
    models = [{key: value for key, value in model.items() if value is not None} for model in params["models"] or ()]
    policy = parse_policy({"models": models, **{key: params[key] for key in _POLICY_OPTIONS}})
    taken = ("url", "unit", "instance", "load_warm", "apply_changes", "load_timeout", "verify_timeout")
    return Asked(policy=policy, only=_read_only(policy, params["only"]), expected=_read_expected(params["expected"]), **{key: params[key] for key in taken})


def _read_only(policy: Policy, names: list[str] | None) -> frozenset[ModelName] | None:
    if names is None:
        return None
    only = _read_names(names)
    undeclared = [name for name in names if policy.find(ModelName.parse(name)) is None]
    if undeclared:
        raise ValueError(f"only names {undeclared[0]!r}, which is not one of models: declare it there")
    return only


def _read_expected(given: Mapping[str, Any]) -> Expected:
    environment = given["environment"]
    return Expected(given["restarted"], _read_names(given["installed"]), given["empty"], None if environment is None else _read_environment(environment))


def _read_names(names: list[str]) -> frozenset[ModelName]:
    return frozenset(ModelName.parse(name) for name in names)


def _read_environment(given: Mapping[str, Any]) -> Environment:
    """YAML has numbers and booleans, an environment has texts; null is what is not known."""
    texts = {key: str(int(value) if isinstance(value, bool) else value) for key, value in given.items() if value is not None}
    return {**dict.fromkeys(given), **texts}
