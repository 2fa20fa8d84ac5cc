# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator declares: which models stay in memory, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .keep_alive import KeepAlive
from .model_name import ModelName

PIN = "pin"
WARM = "warm"
POLICIES = (PIN, WARM)
REPORT = "report"
RELOAD = "reload"
CONTEXT_MISMATCHES = (REPORT, RELOAD)
EXPIRE = "expire"
UNLOAD = "unload"
KEEP = "keep"
RELEASES = (EXPIRE, UNLOAD, KEEP)
_RELEASED_KEEP_ALIVE = KeepAlive.parse("5m")  # what the server itself gives a model that nobody declared
_AUTOMATIC_LIMIT_PER_GPU = 3  # docs/ollama-semantics.md#eviction


@dataclass(frozen=True)
class DeclaredModel:
    """One declared model. `num_ctx` is in tokens, `min_gpu_percent` the least share of it that must be in VRAM;
    a load that takes longer than `slow_load_seconds` counts as a cold start."""

    declared: str
    name: ModelName
    policy: str
    keep_alive: KeepAlive
    num_ctx: int | None
    required: bool
    min_gpu_percent: int | None
    slow_load_seconds: float | None = None

    @property
    def is_pin(self) -> bool:
        """Whether the model is to be resident for ever."""
        return self.policy == PIN


@dataclass(frozen=True)
class Policy:
    """All that is declared for one server, in declared order.

    `declared`: whether anybody has said which models. Where nobody has (`models: null`) there is nothing to keep, to prove or
    to give back; an empty list says that none are to be resident, and gives back those that were.
    """

    models: tuple[DeclaredModel, ...]
    undeclared_keep_alive: KeepAlive | None = None
    max_loaded_models: int | None = None
    context_mismatch: str = REPORT
    strict: bool = False
    release: str = EXPIRE
    declared: bool = True

    @property
    def released_keep_alive(self) -> KeepAlive:
        """What a model is given that was taken off the list."""
        return self.undeclared_keep_alive or _RELEASED_KEEP_ALIVE

    @property
    def pins(self) -> tuple[DeclaredModel, ...]:
        """The models that are resident for ever."""
        return tuple(model for model in self.models if model.is_pin)

    def find(self, name: ModelName) -> DeclaredModel | None:
        """The declared model of that name."""
        return next((model for model in self.models if model.name == name), None)

    def with_limit_of(self, environment: Mapping[str, str | None] | None) -> Policy:
        """Where nobody has told the limit, with that of a server that has this environment; None is one that cannot be read."""
        if self.max_loaded_models is not None or environment is None:
            return self
        text = environment.get("OLLAMA_MAX_LOADED_MODELS", "")
        return self if text is None else replace(self, max_loaded_models=_places(text))

    def limit(self, gpu_count: int) -> int:
        """How many models the server holds at once, where it decides itself if nobody has told it; `gpu_count` is the host's, 0 when
        it has none or is not known."""
        return self.max_loaded_models or _AUTOMATIC_LIMIT_PER_GPU * max(gpu_count, 1)

    def warnings(self, gpu_count: int) -> tuple[str, ...]:
        """What is allowed but leaves no room; `gpu_count` as above. A limit that nobody has told is not known to be automatic."""
        automatic = not self.max_loaded_models
        limit = self.limit(gpu_count)
        if self.max_loaded_models is None or not self.pins or len(self.pins) < limit:
            return ()
        named = f"the automatic limit of {limit}" if automatic else f"OLLAMA_MAX_LOADED_MODELS={limit}"
        trouble = "leave no room" if len(self.pins) == limit else "do not fit"
        effect = "any other model that is asked for evicts one of them" if len(self.pins) == limit else f"at most {limit} of them can be in memory"
        return (f"{len(self.pins)} pins {trouble} under {named}: {effect}; set OLLAMA_MAX_LOADED_MODELS to {len(self.pins) + 1} or more",)


def _places(text: str) -> int:
    """As the server reads it (envconfig/config.go, Uint): what is no number is automatic, 0."""
    text = text.strip().strip("\"'")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def policy_data(policy: Policy) -> dict[str, Any]:
    """The policy as plain data with every default filled in; `policy_reader.parse_policy` reads it back."""
    return {
        "models": [_model_data(model) for model in policy.models] if policy.declared else None,
        "undeclared_keep_alive": policy.undeclared_keep_alive.as_request() if policy.undeclared_keep_alive else None,
        "max_loaded_models": policy.max_loaded_models,
        "context_mismatch": policy.context_mismatch,
        "strict": policy.strict,
        "release": policy.release,
    }


def _model_data(model: DeclaredModel) -> dict[str, Any]:
    return {
        "name": model.declared,
        "policy": model.policy,
        "keep_alive": model.keep_alive.as_request(),
        "num_ctx": model.num_ctx,
        "required": model.required,
        "min_gpu_percent": model.min_gpu_percent,
        "slow_load_seconds": model.slow_load_seconds,
    }
