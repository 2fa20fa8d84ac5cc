# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that keep a server busy while something else happens."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from types import TracebackType
from typing import Any


class Clients:
    """So many clients at once, each of which asks again as soon as it has its answer, from `with` to its end. `outcomes` counts how requests
    ended: `whole`, or what was wrong."""

    def __init__(self, address: tuple[str, int], path: str, body: dict[str, Any], count: int) -> None:
        self._address = address
        self._path = path
        self._body = json.dumps(body)
        self._over = threading.Event()
        self.outcomes: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._keep_asking) for _client in range(count)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """What is in flight is waited for."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _keep_asking(self) -> None:
        while not self._over.is_set():
            try:
                outcome = self._ask()
            except (OSError, http.client.HTTPException) as error:
                outcome = type(error).__name__
            self.outcomes[outcome] += 1

    def _ask(self) -> str:
        connection = http.client.HTTPConnection(*self._address, timeout=120)
        try:
            connection.request("POST", self._path, self._body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            whole = answer.status == 200 and b'"error"' not in said
            return "whole" if whole else f"{answer.status} {said[:80]!r}"
        finally:
            connection.close()
