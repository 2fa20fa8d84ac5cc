# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a Modelfile for `ollama create` (parser/parser.go), as far as tests write them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from . import options

_LINE = re.compile(
    r'[ \t]*(?:#[^\n]*|(?P<command>[A-Za-z]+)[ \t]+(?P<value>"""(?P<block>.*?)"""[^\n]*|[^\n]*))?(?:\n|\Z)',
    re.DOTALL,
)


class ModelfileError(ValueError):
    """A Modelfile that cannot be used."""


@dataclass
class Modelfile:
    """The commands of a Modelfile."""

    source: str = ""  # FROM: a file or a model
    parameters: dict[str, Any] = field(default_factory=dict)
    system: str = ""
    template: str = ""
    licenses: list[str] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)

    def as_request(self) -> dict[str, Any]:
        """The fields of /api/create, without the source."""
        values = {
            "parameters": self.parameters,
            "system": self.system,
            "template": self.template,
            "license": self.licenses,
            "messages": self.messages,
        }
        return {key: value for key, value in values.items() if value}


def parse(text: str) -> Modelfile:
    """Raises ModelfileError."""
    found = Modelfile()
    position = 0
    while position < len(text):
        match = _LINE.match(text, position)
        if not match or match.end() == position:
            raise ModelfileError("no FROM line")
        position = match.end()
        if match["command"]:
            value = match["block"] if match["block"] is not None else match["value"].strip()
            _apply(found, match["command"].upper(), value)
    if not found.source:
        raise ModelfileError("no FROM line")
    return found


def _apply(found: Modelfile, command: str, value: str) -> None:
    text = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if command == "FROM":
        found.source = text
    elif command == "PARAMETER":
        _parameter(found.parameters, *([*value.split(None, 1), ""])[:2])
    elif command == "SYSTEM":
        found.system = text
    elif command == "TEMPLATE":
        found.template = text
    elif command == "LICENSE":
        found.licenses.append(text)
    elif command == "MESSAGE":
        role, dummy, content = value.partition(" ")
        found.messages.append({"role": role, "content": content})
    else:
        raise ModelfileError(
            'command must be one of "from", "license", "template", "system", "adapter", '
            '"renderer", "parser", "parameter", or "message"'
        )


def _parameter(parameters: dict[str, Any], name: str, value: str) -> None:
    kind = options.KINDS.get(name)
    value = value.strip().strip('"')
    if kind is None:
        raise ModelfileError(f"unknown parameter '{name}'")
    try:
        if kind == "integer":
            parameters[name] = int(value)
        elif kind == "float32":
            parameters[name] = float(value)
        elif kind == "boolean":
            parameters[name] = value.lower() == "true"
        else:
            parameters.setdefault(name, []).append(value)
    except ValueError as error:
        raise ModelfileError(f"invalid {kind} value [{value}]") from error
