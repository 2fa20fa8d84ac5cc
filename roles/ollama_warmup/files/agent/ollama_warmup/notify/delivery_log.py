# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who was told what: of each address, by its hash, the entries that it had while others had them not, and the last result.

In a folder of the notifier's own, since a hash of a short password is as good as the password.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keepwarm._base.files import read_bytes, replace_file
from keepwarm._base.readers import read_value

_LARGEST = 4 * 1024 * 1024  # bytes


def address_hash(url: str) -> str:
    """Names an address."""
    return hashlib.sha256(url.encode()).hexdigest()


@dataclass
class Delivery:
    """To one address: `sent` holds names of entries, `result` how the last pass ended that it was told of."""

    sent: set[str] = field(default_factory=set)
    result: str | None = None


class DeliveryLog:
    """The file. One that cannot be read is forgotten: at worst a message comes twice."""

    def __init__(self, folder: str, addresses: Iterable[str]) -> None:
        self._path = os.path.join(folder, "deliveries.json")
        self._saved = ""
        raw = self._read()
        self.deliveries = {address: _delivery(raw.get(address)) for address in map(address_hash, addresses)}

    def forget_all_but(self, names: Iterable[str]) -> None:
        """Only these entries are left to be told."""
        kept = set(names)
        for delivery in self.deliveries.values():
            delivery.sent &= kept

    def save(self) -> None:
        """Replace the file as a whole, if there is anything new. Raises `OSError`."""
        text = json.dumps({address: {"sent": sorted(delivery.sent), "result": delivery.result} for address, delivery in self.deliveries.items()})
        if text == self._saved:
            return
        replace_file(self._path, text.encode(), durable=False)
        self._saved = text

    def _read(self) -> Mapping[str, Any]:
        try:
            raw = read_value(read_bytes(self._path, _LARGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        return raw if isinstance(raw, dict) else {}


def _delivery(raw: Any) -> Delivery:
    try:
        result = raw["result"]
        return Delivery({str(name) for name in raw["sent"]}, result if isinstance(result, str) else None)
    except (TypeError, LookupError):
        return Delivery()
