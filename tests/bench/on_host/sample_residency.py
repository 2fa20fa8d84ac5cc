# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write down ten times a second which models are usable: listed by the server and their runner process alive. One line a sample: the time in
seconds since 1970, and the names.

    python3 -I sample_residency.py FILE
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
from collections.abc import Iterator

PERIOD = 0.1  # seconds
_BLOB = re.compile(r"--model\0[^\0]*sha256-([0-9a-f]{64})\0")


def ask(method: str, path: str, body: object = None) -> dict[str, object]:
    """The JSON of an answer. Raises OSError, HTTPException or ValueError where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", 11434, timeout=5)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        found: dict[str, object] = json.load(connection.getresponse())
        return found
    finally:
        connection.close()


def living_blobs() -> Iterator[str]:
    """The weights that a runner process has open; a zombie's command line is empty."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as file:
                yield from _BLOB.findall(file.read())
        except OSError:  # it ended
            pass


class Sampler:
    """Knows which weights a name has: asked once, since nobody changes that here."""

    def __init__(self) -> None:
        self._blobs: dict[str, str] = {}

    def usable(self) -> list[str]:
        """The names of the models that would answer at once."""
        try:
            models = ask("GET", "/api/ps")["models"]
            listed = [str(entry["name"]) for entry in models]  # type: ignore[attr-defined]
            living = set(living_blobs())
            return sorted(name for name in listed if self._blob(name) in living)
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return []

    def _blob(self, name: str) -> str:
        if name not in self._blobs:
            modelfile = str(ask("POST", "/api/show", {"model": name})["modelfile"])
            self._blobs[name] = re.findall(r"^FROM .*sha256-([0-9a-f]{64})", modelfile, re.MULTILINE)[0]
        return self._blobs[name]


def main() -> None:
    """Until it is told to stop, in steps that do not drift."""
    sampler = Sampler()
    due = time.monotonic()
    with open(sys.argv[1], "a", encoding="ascii", buffering=1) as file:
        while True:
            print(f"{time.time():.3f}", *sampler.usable(), file=file)
            due = max(due + PERIOD, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
