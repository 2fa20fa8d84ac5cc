# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a test message at each address: the notifier writes it down, and whoever sent the test reads it.

An address is told by its place in the role's variable, as everywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, Optional

from keepwarm._base.files import read_bytes, replace_file
from keepwarm._base.readers import harmless, read_value

NAME = "tests.json"
_KEPT = 5  # tests; an operator looks at the last one
_LARGEST = 256 * 1024  # bytes

Fate = Mapping[int, Optional[str]]
"""By place, why the message did not arrive; None where it did. Only the addresses that were tried are in it."""


class Fates:
    """The notifier's side, in its own `folder`, with so many `addresses`."""

    def __init__(self, folder: str, addresses: int) -> None:
        self._path = os.path.join(folder, NAME)
        self._addresses = addresses
        self._tests: dict[str, dict[str, str | None]] = {}

    def note(self, tests: Iterable[str], place: int, reason: str | None) -> None:
        """The test messages with these names were sent to the address, or were not. Raises `OSError`."""
        news = [test for test in tests if self._tests.get(test, {}).get(str(place), "") != reason]
        for test in news:
            self._tests.setdefault(test, {})[str(place)] = reason
        if news:
            self._tests = dict(sorted(self._tests.items())[-_KEPT:])
            replace_file(self._path, json.dumps({"addresses": self._addresses, "tests": self._tests}).encode(), durable=False)


def read_fate(folder: str, test: str) -> tuple[int, Fate]:
    """How many addresses there are, and what became of the test at those that were tried; none of either where nobody tells."""
    try:
        raw = read_value(read_bytes(os.path.join(folder, NAME), _LARGEST))
        return _count(raw["addresses"]), {_count(place): _reason(reason) for place, reason in raw["tests"][test].items()}
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return 0, {}


def _count(raw: Any) -> int:
    count = int(raw)
    if not 0 <= count <= 1000:
        raise ValueError("it is no count")
    return count


def _reason(raw: Any) -> str | None:
    return None if raw is None else harmless(str(raw))
