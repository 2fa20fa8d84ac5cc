# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Modelfile as the fields of /api/create (parser/parser.go)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..._base.readers import InvalidValue
from ..._base.text import short_repr

_LINE = re.compile(
    r'[ \t]*(?:#[^\n]*|(?P<command>[A-Za-z]+)[ \t]+(?P<value>"""(?P<block>.*?)"""[^\n]*|[^\n]*))?(?:\n|\Z)', re.DOTALL
)
_WHOLE = "num_ctx num_batch num_gpu main_gpu num_thread num_keep seed num_predict top_k repeat_last_n draft_num_predict"
_FRACTIONS = "top_p min_p typical_p temperature repeat_penalty presence_penalty frequency_penalty"
_TEXTS = {"TEMPLATE": "template", "SYSTEM": "system", "RENDERER": "renderer", "PARSER": "parser", "REQUIRES": "requires"}
_KNOWN = ("FROM", "PARAMETER", "LICENSE", "MESSAGE", *_TEXTS)


class ModelfileError(InvalidValue):
    """A Modelfile that cannot be used; the message is one sentence."""


@dataclass
class Modelfile:
    """`source` is what FROM says: a model's name, or the absolute path of a GGUF file on the host. `fields` are those of
    /api/create."""

    source: str = ""
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        """Whether it is made of a file rather than of another model."""
        return self.source.startswith("/")

    def agrees_with(self, made: Modelfile) -> bool:
        """Whether a model that the server describes so has everything that is written here; it may have more, which it took
        from its source. The sources themselves are not compared."""
        return all(_agree(value, made.fields.get(key)) for key, value in self.fields.items())


def parse_modelfile(text: str) -> Modelfile:
    """Raises `ModelfileError`."""
    found, position = Modelfile(), 0
    while position < len(text):
        match = _LINE.match(text, position)
        if match is None or match.end() == position:
            raise ModelfileError(f"modelfile has the line {short_repr(text[position:].splitlines()[0])}, which is no command: write COMMAND value")
        position = match.end()
        if match["command"]:
            block = match["block"]
            _apply(found, match["command"].upper(), _unquoted(match["value"].strip()) if block is None else block)
    if not found.source:
        raise ModelfileError("modelfile has no FROM: begin it with FROM and a model's name or the absolute path of a GGUF file")
    return found


def _apply(found: Modelfile, command: str, value: str) -> None:
    if command == "FROM":
        found.source = _source(value)
    elif command in _TEXTS:
        found.fields[_TEXTS[command]] = value
    elif command == "LICENSE":
        found.fields.setdefault("license", []).append(value)
    elif command == "MESSAGE":
        role, _blank, content = value.partition(" ")
        found.fields.setdefault("messages", []).append({"role": role, "content": _unquoted(content.strip())})
    elif command == "PARAMETER":
        _parameter(found.fields.setdefault("parameters", {}), value)
    else:
        raise ModelfileError(f"modelfile has the command {short_repr(command)}, which is not supported here: known are {', '.join(_KNOWN)}")


def _source(value: str) -> str:
    if value.startswith((".", "~")) or (value.endswith(".gguf") and not value.startswith("/")):
        raise ModelfileError(f"modelfile has FROM {short_repr(value)}, which is relative to nothing: write the absolute path on the host")
    return value


def _parameter(parameters: dict[str, Any], text: str) -> None:
    """The server refuses values of the wrong JSON type, so that they are typed here (api/types.go: FormatParams)."""
    name, _blank, value = text.partition(" ")
    value = _unquoted(value.strip())
    if name == "stop":
        parameters.setdefault(name, []).append(value)
        return
    try:
        parameters[name] = _reader(name)(value)
    except ValueError as error:
        raise ModelfileError(f"modelfile has PARAMETER {name} {short_repr(value)}, which the server refuses: {error}") from error


def _reader(name: str) -> Callable[[str], Any]:
    """Raises `ValueError`."""
    if name in _WHOLE.split():
        return int
    if name in _FRACTIONS.split():
        return float
    if name == "use_mmap":
        return _switch
    raise ValueError("there is no such parameter")


def _switch(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError("write true or false")
    return value.lower() == "true"


def _agree(wanted: Any, made: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(made, dict) and all(made.get(key) == value for key, value in wanted.items())
    return bool(wanted == made)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
