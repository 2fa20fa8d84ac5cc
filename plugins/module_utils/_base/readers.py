# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that somebody wrote, or that were kept in a file: each is what it should be, or is refused with one sentence.

A text that is a boolean is one, since `-e key=value` makes texts of all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from .limits import DIGITS
from .text import one_line, short_repr

_Value = TypeVar("_Value")
NUMBER = (int, float)
TEXT = (str,)
WHOLE = (int,)
MAYBE_TEXT = (str, type(None))
MAYBE_NUMBER = (int, float, type(None))
MAYBE_WHOLE = (int, type(None))
_MOST = 2**63
_LONGEST_TEXT = 4000  # characters

SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
"""What Ansible's filter bool reads; it takes whatever else there is for false."""


class InvalidValue(ValueError):
    """What was read is not what it should be; the message is one sentence, and names the place. Every error of a reader is one."""


def read_switch(raw: Any) -> bool | None:
    """None for what is neither true nor false."""
    return SWITCHES.get(str(raw).strip().lower()) if isinstance(raw, (bool, int, str)) else None


def read_value(body: bytes) -> Any:
    """Any JSON. Neither a server nor we write a key twice or NaN: of such a text nobody can say what it means.

    Raises `ValueError` or `RecursionError`.
    """
    return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number, parse_int=_whole)


def printed_list(output: str) -> list[Any]:
    """The list that a program printed in JSON; empty for whatever else it printed."""
    found = _printed(output)
    return found if isinstance(found, list) else []


def printed_object(output: str) -> dict[str, Any]:
    """The same of an object."""
    found = _printed(output)
    return found if isinstance(found, dict) else {}


def _printed(output: str) -> Any:
    try:
        return json.loads(output)
    except (ValueError, RecursionError):
        return None


def typed(raw: Mapping[str, Any], key: str, kinds: tuple[type, ...], exact: bool = False) -> Any:
    """The value at the key. Raises `InvalidValue` where it is of none of these kinds; true is no number, nor is what no clock and no
    disk counts. A text is made harmless to show, unless it is to be what was written, `exact`."""
    value = raw.get(key)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise InvalidValue(f"{key} is of the wrong kind")
    if isinstance(value, (int, float)) and not is_counted(value):
        raise InvalidValue(f"{key} is out of range")
    return harmless(value) if isinstance(value, str) and not exact else value


def optional(raw: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    """The value at the key as it is, the default for none. Raises `InvalidValue` where it is not of that kind."""
    value = raw.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise InvalidValue(f"{key} is a {type(value).__name__}")
    return value


def is_counted(value: float) -> bool:
    """Whether it is within Go's int64, which neither NaN nor infinity is."""
    return -_MOST <= value < _MOST


def harmless(text: str) -> str:
    """A text that may be shown; what was written as one is left as it is."""
    return text if text.isprintable() and len(text) <= _LONGEST_TEXT else one_line(text, _LONGEST_TEXT)


def texts(raw: Mapping[str, Any], key: str, exact: bool = False) -> tuple[str, ...]:
    """A list of texts, made harmless unless `exact`."""
    found = typed(raw, key, (list,))
    if not all(isinstance(text, str) for text in found):
        raise InvalidValue(f"{key} is no list of texts")
    return tuple(found if exact else map(harmless, found))


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


def _object(entry: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise InvalidValue(f"{key} holds what is no object")
    return entry


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidValue("a key comes twice in one object")
    return found


def _no_number(text: str) -> None:
    raise InvalidValue(f"{text} is no JSON number")


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise InvalidValue(f"{short_repr(text)} is no number that a server counts to")
    return int(text)
