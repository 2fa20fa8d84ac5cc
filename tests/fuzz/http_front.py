# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server in memory behind HTTP: what it says as a real server says it."""

from __future__ import annotations

import json
from email.utils import format_datetime
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import ServerRefused
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from support.fake_server import FakeServer
from support.wire import Request


def date(server: FakeServer) -> str:
    """Its clock, as a header says it."""
    return format_datetime(server.now.replace(microsecond=0), usegmt=True)


def carry_out(server: FakeServer, request: Request) -> tuple[int, Any]:
    """The status, and the JSON of the answer."""
    path = request.line.split()[1]
    try:
        return 200, _GETS[path](server) if path in _GETS else _post(server, path, json.loads(request.body))
    except ServerRefused as refusal:
        return refusal.status, {"error": refusal.said}


def _ps(server: FakeServer) -> Any:
    return {
        "models": [
            {
                "name": str(entry.name),
                "model": str(entry.name),
                "size": entry.size,
                "digest": entry.digest,
                "details": {"families": None},
                "expires_at": entry.expiry.moment.isoformat().replace("+00:00", "Z"),
                "size_vram": entry.size_vram,
                "context_length": entry.context_length,
            }
            for entry in server.resident()[0]
        ]
    }


def _tags(server: FakeServer) -> Any:
    return {"models": [{"name": str(model.name), "digest": model.digest, "size": 1000} for model in server.installed()]}


_GETS = {"/api/ps": _ps, "/api/tags": _tags, "/api/version": lambda server: {"version": server.version_text}}


def _post(server: FakeServer, path: str, body: Any) -> Any:
    name = ModelName.parse(body["model"])
    if path == "/api/show":
        card = server.card(name)
        info = {"general.architecture": "llama", "llama.context_length": card.training_context}
        return {"modelfile": f"FROM /m/blobs/sha256-{card.blob}\n", "capabilities": sorted(card.capabilities), "model_info": info}
    if body["keep_alive"] == 0:
        server.unload(name)
        return {"model": body["model"], "done": True, "done_reason": "unload"}
    generates = path == "/api/generate"
    server.load(name, generates, KeepAlive.parse(body["keep_alive"]), body.get("options", {}).get("num_ctx"))
    return {"model": body["model"], **({"done": True, "done_reason": "load"} if generates else {"embeddings": []})}
