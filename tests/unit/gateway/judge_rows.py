# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows for the judge: settings, clients and bodies."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

SCRIPTS = pathlib.Path(__file__).parents[3] / "roles/ollama_gateway/files/njs"
Rows = Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]]
PIN = "registry.ollama.ai/library/pin:latest"
WARM = "registry.ollama.ai/library/warm:8b"
WIDE = "registry.ollama.ai/library/wide:latest"
DECLARED = {
    PIN: {"keep_alive": "-1", "num_ctx": None},
    WARM: {"keep_alive": '"30m"', "num_ctx": None},
    WIDE: {"keep_alive": "-1", "num_ctx": 8192},
}
SETTINGS: dict[str, Any] = {
    "keep_alive": "drop",
    "unload": "refuse",
    "options": "drop",
    "undeclared": "pass",
    "server_keep_alive": '"45m"',
    "models": DECLARED,
}
ANYBODY: dict[str, Any] = {"admin": False, "models": None}
CONTENTS = {
    "/api/generate": "prompt",
    "/api/chat": "messages",
    "/api/embed": "input",
    "/api/embeddings": "prompt",
    "/v1/chat/completions": None,
}


def row(body: bytes | str, route: str = "/api/generate", client: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """A body on a route, judged with these settings."""
    raw = body if isinstance(body, bytes) else body.encode()
    return {"body": raw.hex(), "content": CONTENTS[route], "client": client or ANYBODY, "settings": {**SETTINGS, **settings}, "route": route}


def outcome(verdict: dict[str, Any], body: bytes | str) -> Any:
    """What goes on to the server, or the status of the refusal."""
    if "status" in verdict:
        return verdict["status"]
    raw = body if isinstance(body, bytes) else body.encode()
    return (raw if verdict["body"] is None else bytes.fromhex(verdict["body"])).decode()


def text_of(**members: Any) -> str:
    """A body as most clients write it."""
    return json.dumps(members)
