# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Troubles ordered through the side door, each for the next so many requests or loads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("hang", "delay", "status", "truncate", "disconnect")


@dataclass
class RequestFault:
    """What happens to requests to PATH instead of, or before, their answer.

    hang: no answer until the client goes; delay: `seconds` before the usual answer; status:
    `status` with the error `message`; truncate: the answer breaks off in its middle;
    disconnect: the connection is closed without an answer. count: how many requests it is
    for; a negative one is for all. path "*" is every path.
    """

    kind: str
    path: str = "*"
    count: int = 1
    seconds: float = 0.0
    status: int = 500
    message: str = "injected by the stand-in's side door"


@dataclass
class LoadFault:
    """What happens to loads of MODEL ("*" is any): they take `seconds`, or fail with `failure`."""

    model: str = "*"
    count: int = 1
    seconds: float | None = None
    failure: str = ""


class Faults:
    """The orders that are still open."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._requests: list[RequestFault] = []
        self._loads: list[LoadFault] = []

    def order_request(self, fault: RequestFault) -> None:
        """Raises ValueError for an unknown kind."""
        if fault.kind not in KINDS:
            raise ValueError(f"{fault.kind!r} is no kind of fault: use one of {', '.join(KINDS)}")
        self._requests.append(fault)

    def order_load(self, fault: LoadFault) -> None:
        self._loads.append(fault)

    def next_request(self, path: str) -> RequestFault | None:
        for fault in self._requests:
            if fault.count and fault.path in ("*", path):
                fault.count -= 1 if fault.count > 0 else 0
                return fault
        return None

    def next_load(self, model: str) -> LoadFault:
        for fault in self._loads:
            if fault.count and fault.model in ("*", model, model.rpartition(":")[0]):
                fault.count -= 1 if fault.count > 0 else 0
                return fault
        return LoadFault()

    def as_json(self) -> dict[str, Any]:
        return {
            "requests": [asdict(fault) for fault in self._requests if fault.count],
            "loads": [asdict(fault) for fault in self._loads if fault.count],
        }
