# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's journal: lines in the form of Go's log/slog text handler, on standard error.

Names follow the real server (message, source file, keys), since tools grep its journal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Union

from . import go_time
from .clock import WALL

TRACE, DEBUG, INFO, WARN, ERROR = -8, -4, 0, 4, 8
_NAMES = {TRACE: "TRACE", DEBUG: "DEBUG", INFO: "INFO", WARN: "WARN", ERROR: "ERROR"}

Value = Union[str, int, bool, None, "Group"]


class Group:
    """A value that is printed as `key.name=value` pairs (slog.LogValuer)."""

    def __init__(self, values: Mapping[str, str | int]) -> None:
        self.values = dict(values)


class Logger:
    """Writes lines at or above a level."""

    def __init__(self, level: int = INFO) -> None:
        self.level = level

    def debug(self, source: str, message: str, **values: Value) -> None:
        self.write(DEBUG, source, message, **values)

    def info(self, source: str, message: str, **values: Value) -> None:
        self.write(INFO, source, message, **values)

    def warn(self, source: str, message: str, **values: Value) -> None:
        self.write(WARN, source, message, **values)

    def error(self, source: str, message: str, **values: Value) -> None:
        self.write(ERROR, source, message, **values)

    def write(self, level: int, source: str, message: str, **values: Value) -> None:
        if level < self.level:
            return
        line = f"time={go_time.log_time(WALL.now_ns())} level={_NAMES[level]} source={source}"
        line += f" msg={_quoted(message)}"
        for key, value in values.items():
            line += _pair(key.rstrip("_"), value)
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def level_of(verbosity: int) -> int:
    """Turn OLLAMA_DEBUG's number (0 info, 1 debug, 2 trace) into a level."""
    return -4 * verbosity


def _pair(key: str, value: Value) -> str:
    if isinstance(value, Group):
        return "".join(f" {key}.{name}={_quoted(str(each))}" for name, each in value.values.items())
    if isinstance(value, bool):
        return f" {key}={'true' if value else 'false'}"
    return f" {key}={_quoted(str(value))}"


def _quoted(text: str) -> str:
    plain = text and not any(c in ' "=' or ord(c) < 33 for c in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
