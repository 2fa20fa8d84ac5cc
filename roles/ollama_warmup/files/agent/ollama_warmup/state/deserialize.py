# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading remembered values back from plain data: each is what it should be, or the whole is no state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from keepwarm._base.text import one_line
from keepwarm._residency.values.model_name import ModelName, ModelNameError

_Value = TypeVar("_Value")
NUMBER = (int, float)
TEXT = (str,)
WHOLE = (int,)
MAYBE_TEXT = (str, type(None))
MAYBE_NUMBER = (int, float, type(None))
MAYBE_WHOLE = (int, type(None))
_MOST = 2**63
_LONGEST_TEXT = 4000  # characters


class StateError(ValueError):
    """Plain data that is no state; the message names the place."""


def typed(raw: Mapping[str, Any], key: str, kinds: tuple[type, ...]) -> Any:
    """The value at the key. Raises C(StateError) where it is of none of these kinds; true is no number, nor is what no clock and no
    disk counts. A text is made harmless to show."""
    value = raw.get(key)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise StateError(f"{key} is of the wrong kind")
    if isinstance(value, (int, float)) and not is_counted(value):
        raise StateError(f"{key} is out of range")
    return harmless(value) if isinstance(value, str) else value


def is_counted(value: float) -> bool:
    """Whether it is within Go's int64, which neither NaN nor infinity is."""
    return -_MOST <= value < _MOST


def harmless(text: str) -> str:
    """A text that may be shown; what was written as one is left as it is."""
    return text if text.isprintable() and len(text) <= _LONGEST_TEXT else one_line(text, _LONGEST_TEXT)


def texts(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A list of texts."""
    found = typed(raw, key, (list,))
    if not all(isinstance(text, str) for text in found):
        raise StateError(f"{key} is no list of texts")
    return tuple(map(harmless, found))


def objects(raw: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], _Value]) -> tuple[_Value, ...]:
    """A list of objects, each read."""
    return tuple(read(_object(entry, key)) for entry in typed(raw, key, (list,)))


def mapped(raw: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], _Value]) -> dict[str, _Value]:
    """An object of objects, each read."""
    return {name: read(_object(entry, key)) for name, entry in typed(raw, key, (dict,)).items()}


def numbers(raw: Mapping[str, Any], key: str, kinds: tuple[type, ...] = WHOLE) -> dict[str, Any]:
    """An object of numbers."""
    found = typed(raw, key, (dict,))
    return {name: typed(found, name, kinds) for name in found}


def model_name(text: str) -> ModelName:
    """A model's name."""
    try:
        return ModelName.parse(text)
    except ModelNameError as error:
        raise StateError(str(error)) from error


def _object(entry: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise StateError(f"{key} holds what is no object")
    return entry
