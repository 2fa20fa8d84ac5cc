# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving the models back that an agent kept in memory: its last pass, with none declared any more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._residency.decide.actions import DROP
from .._residency.decide.pace import Pace
from .._residency.decide.plan import make_plan
from .._residency.decide.verdicts import History, Stray
from .._residency.execute.warmer import Warmer
from .._residency.server.client import OllamaServer, ServerFailure
from .._residency.server.observer import Observer
from .._residency.server.own_host import own_unit
from .._residency.values.model_name import ModelName
from .._residency.values.policy import Policy
from .._residency.values.policy_reader import PolicyError, parse_policy


class ReleaseError(Exception):
    """They cannot be given back; the message is one sentence."""


@dataclass(frozen=True)
class Kept:
    """What one instance keeps in memory, and the policy of its last pass. `unit` runs the server at `url`."""

    url: str
    unit: str
    pins: frozenset[ModelName]
    policy: Policy
    follows_unit: bool = False


def read_kept(path: str, release: str) -> Kept:
    """What an instance's configuration says of it. Raises `ReleaseError`."""
    try:
        with open(path, encoding="utf-8") as file:
            raw: Mapping[str, Any] = json.load(file)
        declared = parse_policy(raw["policy"])
        last = Policy(models=(), undeclared_keep_alive=declared.undeclared_keep_alive, release=release)
        return Kept(str(raw["url"]), str(raw["unit"]), frozenset(model.name for model in declared.pins), last, raw.get("follows_unit") is True)
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror})") from error
    except (PolicyError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReleaseError(f"{path} does not tell which models it keeps in memory ({error})") from error


def give_back(kept: Kept, predict: bool) -> tuple[Stray, ...]:
    """Those that are in memory for ever get their finite expiry, or leave, as the policy says. Raises `ReleaseError`."""
    history = History(pinned=kept.pins)
    try:
        observer = Observer(OllamaServer(kept.url), kept.policy, own_unit(kept.url, kept.unit, kept.follows_unit))
        if predict:
            return make_plan(kept.policy, observer.look(), history).strays
        return Warmer(observer, kept.policy, history, pace=Pace(verify=0)).run().strays
    except (ServerFailure, ValueError) as failure:
        raise ReleaseError(str(failure)) from failure


def released_lines(released: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What each model is and will be, for Ansible's diff mode."""
    return [(f"{model['name']} in memory: for ever", _returned(model)) for model in released]


def _returned(model: Mapping[str, Any]) -> str:
    return "" if model["action"] == DROP else f"{model['name']} in memory: {model['keep_alive']} after its last request"
