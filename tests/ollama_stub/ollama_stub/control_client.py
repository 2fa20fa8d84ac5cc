# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Using the side door of a running stand-in, from tests or by hand.

By hand: `PREFIX/lib/ollama/ollama-stub-ctl [--socket PATH] counters`, or for example
`... fault kind=status path=/api/ps status=503 count=2`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence
from typing import Any


class ControlError(Exception):
    """The side door refused an order."""


class ControlClient:
    """Sends orders; see control.py for them."""

    def __init__(self, path: str) -> None:
        self._path = path

    def order(self, do: str, **values: Any) -> Any:
        """The answer to one order. Raises ControlError or OSError."""
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(self._path)
            door.sendall(json.dumps({"do": do, **values}).encode() + b"\n")
            with door.makefile("rb") as stream:
                answer = json.loads(stream.readline())
        if "error" in answer:
            raise ControlError(answer["error"])
        return answer["ok"]

    def counters(self, reset: bool = False) -> dict[str, Any]:
        counted: dict[str, Any] = self.order("counters", reset=reset)
        return counted


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main(arguments: Sequence[str] = tuple(sys.argv[1:])) -> int:
    words = list(arguments)
    path = os.environ.get("OLLAMA_STUB_CONTROL", "")
    if words[:1] == ["--socket"]:
        path, words = words[1], words[2:]
    if not path or not words:
        print(__doc__, file=sys.stderr)
        return 2
    values = {key: _value(text) for key, dummy, text in (word.partition("=") for word in words[1:])}
    try:
        print(json.dumps(ControlClient(path).order(words[0], **values), indent=2))
    except (ControlError, OSError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    return 0
