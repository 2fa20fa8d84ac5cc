# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoding request bodies as Go's encoding/json does, with its error messages.

A request is described by its Go type's name and the kind of each field; unknown fields are
ignored, and names are matched without regard to case. Of a field that is there twice the later value
counts, but two maps are merged, and null undoes only what can be nil.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Callable, NoReturn

STRING, INT, BOOL, FLOAT = "string", "int", "bool", "float64"
OBJECT = "map[string]interface {}"
STRINGS = "map[string]string"
ANY = "interface {}"
STRING_LIST = "[]string"
INT_LIST = "[]int"
MESSAGES = "[]api.Message"

Fields = Mapping[str, str]
_SCALARS = (STRING, INT, BOOL, FLOAT)
_MAPS = (OBJECT, STRINGS)
_POINTERS = ("stream", "truncate", "shift")
"""Scalars that api/types.go has as pointers, which null makes nil."""
_SPACE = re.compile(r"[ \t\r\n]*")


class MissingBody(ValueError):
    """An empty body (io.EOF)."""


class BadRequest(ValueError):
    """A body that does not fit, with Go's message."""


class Request:
    """The decoded fields of a request. Absent and null fields are None."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def get(self, key: str) -> Any:
        return self._values.get(key)

    def text(self, key: str) -> str:
        value = self._values.get(key)
        return value if isinstance(value, str) else ""

    def flag(self, key: str, default: bool) -> bool:
        value = self._values.get(key)
        return value if isinstance(value, bool) else default

    def table(self, key: str) -> dict[str, Any]:
        value = self._values.get(key)
        return value if isinstance(value, dict) else {}

    def items(self, key: str) -> list[Any]:
        value = self._values.get(key)
        return value if isinstance(value, list) else []


def decode(body: bytes, type_name: str, fields: Fields, package: str = "api") -> Request:
    """Decode the first JSON value of a body. Raises MissingBody or BadRequest."""
    value, members = _parse(body.decode("utf-8", "replace"))
    if value is None:
        return Request({})
    if not isinstance(value, dict):
        raise BadRequest(
            f"json: cannot unmarshal {_kind(value)} into Go value of type {package}.{type_name}"
        )
    by_folded = {_folded(field): field for field in fields}
    decoded: dict[str, Any] = {}
    for key, item in members:
        field = key if key in fields else by_folded.get(_folded(key))
        if field:
            _put(decoded, field, fields[field], item, type_name)
    return Request(decoded)


def _put(decoded: dict[str, Any], field: str, kind: str, item: Any, type_name: str) -> None:
    """One more value of a field. Source: Go's encoding/json decode.go (object, literalStore)."""
    if item is None:
        if kind not in _SCALARS or field in _POINTERS:
            decoded.pop(field, None)
        return
    _check(item, kind, f"{type_name}.{field}")
    decoded[field] = {**decoded.get(field, {}), **item} if kind in _MAPS else item


def _folded(name: str) -> str:
    """As Go folds it, as far as the result can be ASCII. Source: encoding/json fold.go."""
    ascii_only = name.replace("\u212a", "k").replace("\u017f", "s")
    return "".join(letter.lower() if letter.isascii() else letter for letter in ascii_only)


def _parse(text: str) -> tuple[Any, list[tuple[str, Any]]]:
    """The value, and if it is an object all its members, also those that are there twice."""
    start = _SPACE.match(text)
    rest = text[start.end() if start else 0 :]
    if not rest:
        raise MissingBody("EOF")
    members: list[tuple[str, Any]] = []

    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members[:] = pairs  # the outermost object ends last
        return dict(pairs)

    decoder = json.JSONDecoder(object_pairs_hook=noted, parse_constant=_refuse_constant)
    try:
        return decoder.raw_decode(rest)[0], members
    except json.JSONDecodeError as error:
        raise BadRequest(_syntax_error(rest, error)) from error


def _refuse_constant(name: str) -> NoReturn:
    raise BadRequest(f"invalid character {_character(name[0])} looking for beginning of value")


def _syntax_error(text: str, error: json.JSONDecodeError) -> str:
    """Name the error in Go's words. Source: Go's encoding/json scanner."""
    position = error.pos
    if error.msg.startswith("Unterminated string") or position >= len(text.rstrip()):
        return "unexpected EOF"
    found = _character(text[position])
    if error.msg.startswith("Expecting property name"):
        return f"invalid character {found} looking for beginning of object key string"
    if error.msg.startswith("Expecting ':'"):
        return f"invalid character {found} after object key"
    if error.msg.startswith("Expecting ','"):
        inside = "object key:value pair" if _in_object(text[:position]) else "array element"
        return f"invalid character {found} after {inside}"
    if error.msg.startswith("Invalid control character"):
        return f"invalid character {found} in string literal"
    return f"invalid character {found} looking for beginning of value"


def _in_object(before: str) -> bool:
    return before.rfind("{") > before.rfind("[")


def _character(character: str) -> str:
    if character == "'":
        return r"'\''"
    if character == '"':
        return "'\"'"
    return "'" + json.dumps(character)[1:-1] + "'"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _is_list_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(each, kind) for each in value)


_ACCEPTS: dict[str, Callable[[Any], bool]] = {
    STRING: lambda value: isinstance(value, str),
    BOOL: lambda value: isinstance(value, bool),
    INT: lambda value: isinstance(value, int) and not isinstance(value, bool),
    FLOAT: lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    OBJECT: lambda value: isinstance(value, dict),
    STRINGS: lambda value: isinstance(value, dict) and all(isinstance(x, str) for x in value.values()),
    ANY: lambda _value: True,
    STRING_LIST: _is_list_of(str),
    INT_LIST: _is_list_of(int),
    MESSAGES: _is_list_of(dict),
}


def _check(value: Any, kind: str, where: str) -> None:
    if _ACCEPTS[kind](value):
        return
    shown = _kind(value)
    if kind == INT and isinstance(value, float):
        shown = f"number {json.dumps(value)}"
    raise BadRequest(f"json: cannot unmarshal {shown} into Go struct field {where} of type {kind}")
