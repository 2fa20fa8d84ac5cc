# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official clients through the gateway; those of npm with FULL=1 only, for which this machine needs node."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any

import pytest
from conftest import CA, HERE, LOG, Gateway

WHOLE_ANSWER = 20  # seconds, as the model big says a thousand words
CACHE = HERE.parents[1] / ".cache"
COMMON = {
    "chat": "assistant",
    "generate": True,
    "streaming": [True, True],
    "embeddings": [2, True],
    "tools": "assistant",
    "images": True,
    "list": True,
    "no model": 404,
    "no token": 401,
    "parallel": 20,
}
EXPECTED = {"ollama": {**COMMON, "unload": 403, "pull": 403}, "openai": COMMON}
CLIENTS = {
    "pypi": [str(CACHE / "clients/bin/python"), str(HERE / "files/clients.py")],
    "npm": ["node", str(HERE / "files/clients.mjs"), str(CACHE / "npm-clients")],
}


def answers(gateway: Gateway, clients: str, folder: pathlib.Path) -> Any:
    """What the clients of that registry tell."""
    (folder / "ca.pem").write_text(gateway.run(f"cat {CA}"))
    authority = {"SSL_CERT_FILE": str(folder / "ca.pem"), "NODE_EXTRA_CA_CERTS": str(folder / "ca.pem")}
    direct = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    command = [*CLIENTS[clients], f"https://{gateway.address}:11443", "laptop-0123456789abcdef"]
    done = subprocess.run(command, check=False, env={**direct, **authority}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("clients", ["pypi", *(["npm"] if os.environ.get("FULL") else [])])
def test_official_clients_work_and_make_no_model_cold(gateway: Gateway, tmp_path: pathlib.Path, clients: str) -> None:
    gateway.run("printf 'FROM tiny-b\\nTEMPLATE {{ .Tools }} {{ .Prompt }}\\n' > /tmp/Modelfile && ollama create tools -f /tmp/Modelfile")
    logged = len(gateway.log())
    assert answers(gateway, clients, tmp_path) == EXPECTED
    assert gateway.is_warm()
    gateway.run(f"timeout 20 sh -c 'until test $(tail -n +{logged + 1} {LOG} | grep --count library/big) = 2; do sleep 0.1; done'")
    left = [entry for entry in gateway.log()[logged:] if "library/big" in entry["model"]]
    assert all(entry["seconds"] < WHOLE_ANSWER for entry in left), "nginx went on for a client that was gone"
