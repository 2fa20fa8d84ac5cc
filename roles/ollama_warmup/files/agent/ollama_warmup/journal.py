# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines: `key=value`, with systemd's priority prefix where the journal reads them."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

from keepwarm._base.text import one_line

ERROR = 3
WARNING = 4
NOTICE = 5
_LONGEST = 1000  # characters of one value


def log(priority: int, event: str, stream: TextIO | None = None, **fields: Any) -> None:
    """One line; fields that are None are left out."""
    prefix = f"<{priority}>" if "JOURNAL_STREAM" in os.environ else ""
    print(prefix + line(event, **fields), file=stream or sys.stderr, flush=True)


def line(event: str, **fields: Any) -> str:
    """The line without its priority; fields that are None are left out."""
    return " ".join([f"event={event}"] + [f"{key}={_value(value)}" for key, value in fields.items() if value is not None])


def _value(value: Any) -> str:
    """On one line and without anything that a terminal or the journal would act on, wherever it came from."""
    text = one_line(str(value), _LONGEST)
    plain = text and not any(character in text for character in ' "=\\')
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
