# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent remembers from pass to pass, as values and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from _residency.model_name import ModelName, ModelNameError
from _residency.observation import ModelCard

SCHEMA = 1


class StateError(ValueError):
    """Plain data that is no state; the message names the place."""


@dataclass(frozen=True)
class LastPass:
    """How the last pass ended. C(at) is its end in seconds since 1970, C(models) as in the module's result."""

    at: float
    seconds: float
    exit: int
    server: str | None = None
    models: tuple[Mapping[str, Any], ...] = ()
    undeclared: tuple[Mapping[str, Any], ...] = ()
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """C(server) names the server's start that C(warmed) and C(set_aside) hold for, the latter for what was C(declared) only;
    C(cards) is by digest; C(pinned) what we pinned."""

    server: str | None = None
    cards: Mapping[str, ModelCard] = field(default_factory=dict)
    pinned: frozenset[ModelName] = frozenset()
    warmed: frozenset[ModelName] = frozenset()
    set_aside: frozenset[ModelName] = frozenset()
    declared: tuple[str, ...] = ()
    last_pass: LastPass | None = None


def state_data(state: State) -> dict[str, Any]:
    """As plain data, in an order that does not change by itself."""
    return {
        "schema": SCHEMA,
        "server": state.server,
        "pinned": sorted(map(str, state.pinned)),
        "warmed": sorted(map(str, state.warmed)),
        "set_aside": sorted(map(str, state.set_aside)),
        "declared": state.declared,
        "cards": {digest: _card_data(card) for digest, card in sorted(state.cards.items())},
        "last_pass": vars(state.last_pass) if state.last_pass else None,
    }


def parse_state(raw: Any) -> State:
    """Read it back. Raises C(StateError) for whatever this version did not write."""
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise StateError(f"it is not of schema {SCHEMA}")
    last_pass = raw.get("last_pass")
    return State(
        server=_typed(raw, "server", (str, type(None))),
        cards={digest: _card(card) for digest, card in _typed(raw, "cards", (dict,)).items()},
        pinned=_names(raw, "pinned"),
        warmed=_names(raw, "warmed"),
        set_aside=_names(raw, "set_aside"),
        declared=_texts(raw, "declared"),
        last_pass=_last_pass(last_pass) if last_pass is not None else None,
    )


def _last_pass(raw: Any) -> LastPass:
    if not isinstance(raw, dict):
        raise StateError("last_pass is no object")
    return LastPass(
        at=_typed(raw, "at", (int, float)),
        seconds=_typed(raw, "seconds", (int, float)),
        exit=_typed(raw, "exit", (int,)),
        server=_typed(raw, "server", (str, type(None))),
        models=_entries(raw, "models", "model"),
        undeclared=_entries(raw, "undeclared", "name"),
        failures=_texts(raw, "failures"),
        warnings=_texts(raw, "warnings"),
    )


def _entries(raw: Mapping[str, Any], key: str, name: str) -> tuple[Mapping[str, Any], ...]:
    entries = _typed(raw, key, (list,))
    if not all(isinstance(entry, dict) and isinstance(entry.get(name), str) for entry in entries):
        raise StateError(f"last_pass.{key} is no list of models")
    return tuple(entries)


def _card_data(card: ModelCard) -> dict[str, Any]:
    return {"blob": card.blob, "capabilities": sorted(card.capabilities), "training_context": card.training_context}


def _card(raw: Any) -> ModelCard:
    if not isinstance(raw, dict):
        raise StateError("a card is no object")
    return ModelCard(
        blob=_typed(raw, "blob", (str, type(None))),
        capabilities=frozenset(_texts(raw, "capabilities")),
        training_context=_typed(raw, "training_context", (int, type(None))),
    )


def _names(raw: Mapping[str, Any], key: str) -> frozenset[ModelName]:
    try:
        return frozenset(map(ModelName.parse, _texts(raw, key)))
    except ModelNameError as error:
        raise StateError(str(error)) from error


def _texts(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    texts = _typed(raw, key, (list,))
    if not all(isinstance(text, str) for text in texts):
        raise StateError(f"{key} is no list of texts")
    return tuple(texts)


def _typed(raw: Mapping[str, Any], key: str, kinds: tuple[type, ...]) -> Any:
    value = raw.get(key)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise StateError(f"{key} is of the wrong kind")
    return value
