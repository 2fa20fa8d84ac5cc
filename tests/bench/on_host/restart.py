# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart the server and print how long it took to answer and to have every model resident for ever.

    python3 -I restart.py agent MODELS     the agent loads them; this program only watches
    python3 -I restart.py bare MODELS      this program, which is running already, sends the loads as soon as the server answers

MODELS is a JSON list of the bodies of load requests, keep_alive included.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from typing import Any

AGAIN = 0.01  # seconds
FOR_EVER = "2200"  # any later year: the server says 2318


def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the JSON of the answer. Raises OSError where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", 11434, timeout=60)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    finally:
        connection.close()


def answers() -> bool:
    """Whether the server answers yet."""
    try:
        return ask("GET", "/api/version")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def all_resident(models: list[dict[str, Any]]) -> bool:
    """Whether each of them is listed, for ever."""
    listed = {entry["name"] for entry in ask("GET", "/api/ps")[1]["models"] if entry["expires_at"] > FOR_EVER}
    return all(f"{model['model']}:latest" in listed for model in models)


def load(model: dict[str, Any]) -> None:
    """By the endpoint that any kind of model takes."""
    status, said = ask("POST", "/api/embed", model)
    if status != 200:
        sys.exit(f"{model['model']} was not loaded: {said}")


def main() -> None:
    """Restart, watch, and print seconds since the restart was asked for."""
    models = json.loads(sys.argv[2])
    begun = time.monotonic()
    subprocess.run(["systemctl", "restart", "ollama.service"], check=True)
    while not answers():
        time.sleep(AGAIN)
    answered = time.monotonic() - begun
    for model in models if sys.argv[1] == "bare" else []:
        load(model)
    while not all_resident(models):
        time.sleep(AGAIN)
    print(json.dumps({"answered": answered, "resident": time.monotonic() - begun}))


if __name__ == "__main__":
    main()
