# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy read from plain data: one validator for play, module and agent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable, TypeVar

from ..._base.limits import DAY
from ..._base.readers import InvalidValue, read_switch
from ..._base.text import short_repr
from .keep_alive import KeepAlive
from .model_name import ModelName
from .policy import CONTEXT_MISMATCHES, EXPIRE, PIN, POLICIES, RELEASES, REPORT, WARM, DeclaredModel, Policy

_MODEL_KEYS = ("name", "policy", "keep_alive", "num_ctx", "required", "min_gpu_percent", "slow_load_seconds")
_POLICY_KEYS = (
    "models",
    "undeclared_keep_alive",
    "max_loaded_models",
    "context_mismatch",
    "strict",
    "release",
    "slow_load_seconds",
)
_LONGEST_LOAD = DAY
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_Value = TypeVar("_Value")


class PolicyError(InvalidValue):
    """A declaration that cannot be kept. `problems` holds one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def parse_policy(raw: Any) -> Policy:
    """Read a policy from plain data (a module's parameters, the agent's configuration, a play's variables).

    Raises `PolicyError` with every problem found, one sentence each.
    """
    problems: list[str] = []
    if not isinstance(raw, Mapping):
        raise PolicyError([f"the policy is {short_repr(raw)}, not a mapping with the key 'models'"])
    problems += _unknown(raw, _POLICY_KEYS, "the policy")
    policy = Policy(
        models=_models(raw.get("models"), _attempt(problems, _slow_load, raw.get("slow_load_seconds"), None), problems),
        undeclared_keep_alive=_attempt(problems, _undeclared, raw.get("undeclared_keep_alive"), None),
        max_loaded_models=_attempt(problems, _whole("max_loaded_models", 0), raw.get("max_loaded_models"), None),
        context_mismatch=_attempt(
            problems, _choice("context_mismatch", CONTEXT_MISMATCHES), raw.get("context_mismatch"), REPORT
        ),
        strict=_attempt(problems, _boolean("strict"), raw.get("strict"), False),
        release=_attempt(problems, _choice("release", RELEASES), raw.get("release"), EXPIRE),
        declared=raw.get("models") is not None,
    )
    problems += _problems_of_the_set(policy)
    if problems:
        raise PolicyError(problems)
    return policy


def _models(raw: Any, slow_load_seconds: float | None, problems: list[str]) -> tuple[DeclaredModel, ...]:
    if raw is None:
        return ()
    if isinstance(raw, (str, Mapping)) or not isinstance(raw, Iterable):
        problems.append(f"models is {short_repr(raw)}, not a list: write one mapping with a 'name' for each model")
        return ()
    found = [_model(entry, slow_load_seconds, problems) for entry in raw]
    return tuple(model for model in found if model is not None)


def _model(raw: Any, slow_load_seconds: float | None, problems: list[str]) -> DeclaredModel | None:
    if isinstance(raw, str):
        raw = {"name": raw}
    if not isinstance(raw, Mapping):
        problems.append(f"model {short_repr(raw)} is neither a name nor a mapping: write '- name: qwen3:8b'")
        return None
    own: list[str] = _unknown(raw, _MODEL_KEYS, f"model {short_repr(raw.get('name'))}")
    name = _attempt(own, _local_name, _given(raw, "name", ""), None)
    label = f"model {short_repr(raw.get('name'))}: "
    found = _typed_model({"slow_load_seconds": slow_load_seconds, **_without_nulls(raw)}, name, own)
    problems += [text if text.startswith("model ") else label + text for text in own]
    return found


def _typed_model(raw: Mapping[str, Any], name: ModelName | None, problems: list[str]) -> DeclaredModel | None:
    policy = _attempt(problems, _choice("policy", POLICIES), _given(raw, "policy", PIN), "")
    keep_alive = _attempt(problems, _keep_alive(policy), raw.get("keep_alive"), KeepAlive.FOREVER)
    if policy == WARM and raw.get("keep_alive") is None:
        problems.append("policy 'warm' needs a finite keep_alive, such as '30m'")
    num_ctx = _attempt(problems, _whole("num_ctx", 4), raw.get("num_ctx"), None)
    required = _attempt(problems, _boolean("required"), raw.get("required"), policy == PIN)
    min_gpu_percent = _attempt(problems, _whole("min_gpu_percent", 0, 100), raw.get("min_gpu_percent"), None)
    slow_load_seconds = _attempt(problems, _slow_load, raw.get("slow_load_seconds"), None)
    if name is None:
        return None
    return DeclaredModel(str(raw["name"]), name, policy, keep_alive, num_ctx, required, min_gpu_percent, slow_load_seconds)


def _without_nulls(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in raw.items() if value is not None}


def _given(raw: Mapping[str, Any], key: str, default: Any) -> Any:
    return default if raw.get(key) is None else raw[key]


def _attempt(problems: list[str], read: Callable[[Any], _Value], raw: Any, default: _Value) -> _Value:
    """The value read, or the default where it is absent or wrong (and then a problem more)."""
    if raw is None:
        return default
    try:
        return read(raw)
    except ValueError as error:
        problems.append(str(error))
        return default


def _local_name(raw: Any) -> ModelName:
    name = ModelName.parse(raw)
    if name.is_cloud:
        raise ValueError(f"model {short_repr(raw)} runs in the cloud and is never in this server's memory: take it off the list")
    return name


def _keep_alive(policy: str) -> Callable[[Any], KeepAlive]:
    """An unknown policy, which is a problem already, fits any."""

    def read(raw: Any) -> KeepAlive:
        value = KeepAlive.parse(raw)
        if policy == PIN and not value.is_forever:
            raise ValueError(
                f"keep_alive {short_repr(raw)} on a pin is finite, so that it would run out between two passes:"
                " leave it out (or -1), or say policy 'warm'"
            )
        if policy == WARM and (value.is_forever or value.nanoseconds == 0):
            raise ValueError(f"keep_alive {short_repr(raw)} does not fit policy 'warm': give a finite one above 0, or say policy 'pin'")
        return value

    return read


def _undeclared(raw: Any) -> KeepAlive:
    try:
        value = KeepAlive.parse(raw)
    except InvalidValue as error:
        raise ValueError(f"undeclared_{error}") from error
    if value.is_forever or value.nanoseconds == 0:
        raise ValueError(f"undeclared_keep_alive {short_repr(raw)} must be finite and above 0, such as '10m'")
    return value


def _whole(key: str, least: int, most: int | None = None) -> Callable[[Any], int]:
    wanted = f"a whole number from {least} to {most}" if most is not None else f"a whole number of at least {least}"

    def read(raw: Any) -> int:
        digits = isinstance(raw, str) and raw.strip().isascii() and raw.strip().isdigit()
        number = int(raw) if digits else raw
        if isinstance(number, bool) or not isinstance(number, int) or number < least or (most is not None and number > most):
            raise ValueError(f"{key} {short_repr(raw)} is not {wanted}")
        return number

    return read


def _slow_load(raw: Any) -> float:
    """Seconds; up to ansible-core 2.18 a templated number is a text."""
    number = float(raw) if isinstance(raw, str) and _NUMBER.fullmatch(raw.strip()) else raw
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number <= _LONGEST_LOAD:
        raise ValueError(f"slow_load_seconds {short_repr(raw)} is not a number of seconds above 0 and up to {_LONGEST_LOAD}")
    return float(number)


def _choice(key: str, choices: tuple[str, ...]) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        if raw not in choices:
            raise ValueError(f"{key} {short_repr(raw)} is not one of {', '.join(choices)}")
        return str(raw)

    return read


def _boolean(key: str) -> Callable[[Any], bool]:
    def read(raw: Any) -> bool:
        switch = read_switch(raw)
        if switch is None:
            raise ValueError(f"{key} {short_repr(raw)} is not a boolean: write true or false")
        return switch

    return read


def _unknown(raw: Mapping[str, Any], known: tuple[str, ...], where: str) -> list[str]:
    return [f"{where} has the unknown key {short_repr(key)}: known are {', '.join(known)}" for key in raw if key not in known]


def _problems_of_the_set(policy: Policy) -> list[str]:
    seen: set[ModelName] = set()
    problems = []
    for model in policy.models:
        if model.name in seen:
            problems.append(f"model {model.declared!r} is declared twice (as {model.name}): keep one")
        seen.add(model.name)
    if policy.max_loaded_models and len(policy.pins) > policy.max_loaded_models:
        problems.append(
            f"{len(policy.pins)} pins do not fit under OLLAMA_MAX_LOADED_MODELS={policy.max_loaded_models}:"
            " raise it above the number of pins, or pin fewer models"
        )
    return problems
