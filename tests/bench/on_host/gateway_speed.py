# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""First bytes and whole answers, direct and through the gateway of this host, as JSON: python3 gateway_speed.py ROUNDS."""

from __future__ import annotations

import http.client
import json
import ssl
import statistics
import sys
import time
from collections.abc import Callable

BODY = json.dumps({"model": "big", "prompt": "hi", "options": {"num_predict": 25}}).encode()  # half a second, at fifty words a second
TOKEN = {"Authorization": "Bearer laptop-0123456789abcdef"}
CONTEXT = ssl.create_default_context(cafile="/etc/ssl/gateway/ca.pem")
CONTEXT.check_hostname = False
WAYS: dict[str, Callable[[], http.client.HTTPConnection]] = {
    "direct": lambda: http.client.HTTPConnection("127.0.0.1", 11434),
    "gateway": lambda: http.client.HTTPSConnection("127.0.0.1", 11443, context=CONTEXT),
}


def ask(connection: http.client.HTTPConnection) -> tuple[float, float]:
    """Seconds until the first byte of the answer's body, and until its last. Raises `SystemExit`: what is refused is quick, and no measure."""
    begun = time.monotonic()
    connection.request("POST", "/api/generate", BODY, TOKEN)
    answer = connection.getresponse()
    answer.read(1)
    first = time.monotonic() - begun
    said = answer.read()
    whole = time.monotonic() - begun
    if b'"done":true' not in said:
        raise SystemExit(f"no whole answer of the model, but {answer.status}: {said[:200]!r}")
    return first, whole


def main() -> None:
    """By turns, each way on a connection of its own."""
    connections = {way: make() for way, make in WAYS.items()}
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for number in range(int(sys.argv[1]) + 1):
        for way, connection in connections.items():
            seconds = ask(connection)
            if number:  # the first one loads the model
                found[way].append(seconds)
    medians = {way: [statistics.median(column) for column in zip(*rows)] for way, rows in found.items()}
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
