# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the models of the recordings on a server, by /api/blobs and /api/create.

    PYTHONPATH=tests/contract python3 -m ollama_contract.make_models URL

The files come from tests/ollama_stub/make_gguf.py; for a real server they are whole, 436 MB.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .http_exchange import Caller
from .recording import DIRECTORY, MODELS

_STUB = DIRECTORY.parent / "ollama_stub"


def install_stand_in(prefix: Path) -> Path:
    """Install the stand-in below PREFIX for this interpreter; returns its `ollama`."""
    command = [sys.executable, str(_STUB / "install.py"), str(prefix), "--python", sys.executable]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return prefix / "bin" / "ollama"


def make_models(caller: Caller, whole: bool) -> None:
    """Upload and create all models. Raises RuntimeError where the server refuses."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, str(_STUB / "make_gguf.py"), directory, *MODELS]
        subprocess.run(command + (["--whole"] if whole else []), check=True, stdout=subprocess.DEVNULL)
        for name in MODELS:
            _create(caller, name, Path(directory) / f"{name}.gguf")


def _create(caller: Caller, name: str, path: Path) -> None:
    content = path.read_bytes()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    result = caller.send("POST", f"/api/blobs/{digest}", content).result
    if result["status"] not in (200, 201):
        raise RuntimeError(f"{name}: {result}")
    request: dict[str, Any] = {"model": name, "files": {path.name: digest}, "stream": False}
    if name != "embed":
        request["template"] = "{{ .Prompt }}"  # as the recorded ones have it
    caller.send_json("POST", "/api/create", request)


if __name__ == "__main__":
    make_models(Caller(sys.argv[1]), whole=True)
