# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in every state, as the hosts of a play answered; and one whose names are attacks."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_page.page import fleet_page

NOW = datetime(2026, 11, 30, 9, 41, 12, tzinfo=timezone.utc)
_SECONDS = NOW.timestamp()
GB = 10**9
HOSTILE = "<script>window.ran = 1</script></script><img src=x onerror='window.ran = 2'>\"'{{ 7 * 7 }}"
Result = dict[str, Any]


def listed(size: float, share: float = 1.0, expires_at: str = "", context: int = 8192) -> dict[str, Any]:
    """A model in memory; `size` in GB; for ever where nothing is said."""
    gpu = round(100 * share)
    processor = "100% GPU" if gpu == 100 else f"{100 - gpu}%/{gpu}% CPU/GPU"
    return {"forever": not expires_at, "expires_at": expires_at or "2318-01-01T00:00:00Z", "context_length": context, "processor": processor,
            "size": int(size * GB), "size_vram": int(size * GB * share)}  # fmt: skip


def model(name: str, after: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """A declared model as an agent shows it."""
    full = name if ":" in name else f"{name}:latest"
    entry = {"name": name, "model": full, "policy": "pin", "required": True, "resident": after is not None, "drift": [], "before": after, "after": after}
    return {**entry, **changes}


def incident(name: str, cause: str, ago: float, seconds: float | None, *by: str) -> dict[str, Any]:
    """One of the last drifts, `ago` in seconds."""
    full = name if ":" in name else f"{name}:latest"
    return {"model": full, "cause": cause, "cause_evidence": "observed", "at": _SECONDS - ago, "seconds": seconds, "by": list(by), "drift": ["not_loaded"]}


def status(code: int, result: str, *models: dict[str, Any], **others: Any) -> dict[str, Any]:
    """What `status --json` prints of one server."""
    history = {"incidents": others.pop("incidents", []), "set_aside": others.pop("set_aside", {})}
    looked = {"at": _SECONDS - others.pop("ago", 3.0), "seconds": 0.1, "exit": code, "failures": others.pop("failures", []), "warnings": []}
    return {"exit": code, "result": result, "models": list(models), "looked": looked, "history": history, "hold": None, "last_pass": None, **others}


def said(status: dict[str, Any]) -> Result:
    """As the task of the play registered it."""
    return {"rc": status["exit"], "stdout": json.dumps(status), "stderr": ""}


def warm_host(place: int) -> Result:
    """One of many with nothing to tell."""
    return said(status(0, "warm", model("qwen3:8b", listed(6.4)), model("nomic-embed-text", listed(0.6, context=2048)), ago=2 + place % 5))


def evicting_host() -> Result:
    """A required model was pushed out, and does not fit."""
    lost = "llama3.1:70b"
    why = f"{lost} is not in memory: look at the server's journal for why it did not stay (memory, eviction, a client's keep_alive 0)"
    incidents = [
        incident(lost, "evicted", 372, None, "mixtral:8x7b"),
        incident(lost, "evicted", 9000, 41.3, "mixtral:8x7b"),
        incident("qwen3:8b", "client_changed_expiry", 86400, 4.2),
    ]
    models = [model("qwen3:8b", listed(6.4)), model(lost, None, drift=["not_loaded"])]
    return said(status(1, "not warm", *models, failures=[why], incidents=incidents, set_aside={lost: {"rivals": ["mixtral:8x7b"]}}))


def silent_host() -> Result:
    """Its server does not answer, so that only the last pass is known."""
    past = model("qwen3:8b", listed(6.4), past=True, resident=None, was_resident=True)
    return said(status(3, "server unreachable", past, failures=["the server at http://127.0.0.1:11434 did not answer within 4 s"]))


def several_servers() -> Result:
    """A host with two."""
    chat = {**status(0, "warm", model("qwen3:8b", listed(6.4))), "instance": "chat"}
    code = {**status(0, "warm", model("qwen2.5-coder:7b", listed(5.9))), "instance": "code"}
    return {"rc": 0, "stdout": json.dumps({"exit": 0, "instances": [chat, code]}), "stderr": ""}


def sample() -> dict[str, Result]:
    """Each state once, among warm hosts."""
    spilled = model("qwen3:32b", listed(24.1, 0.82), drift=["spilled"])
    own_timer = model("llama3:8b", listed(5.8, expires_at="2026-11-30T10:02:40Z"), policy="warm", required=False)
    restarted = [incident("qwen3:8b", "server_restarted", 7980, 11.8)]
    return {
        "gpu-a1": warm_host(1),
        "gpu-a2": said(status(0, "warm", model("qwen3:8b", listed(6.4)), own_timer, incidents=restarted)),
        "gpu-a3": said(status(0, "warm", spilled, model("nomic-embed-text", listed(0.6, context=2048)))),
        "gpu-a10": warm_host(10),
        "gpu-b1": evicting_host(),
        "gpu-b2": silent_host(),
        "gpu-b3": said(status(5, "on hold", model("qwen3:8b", None), hold={"text": "on hold until 2026-11-30T12:00:00Z (new GPU) by root"})),
        "gpu-c1": several_servers(),
        "gpu-c2": {"unreachable": True},
        "gpu-c3": {"rc": 127, "stdout": "", "stderr": ""},
        "gpu-c4": said(status(0, "nothing declared")),
    }


def hostile() -> dict[str, Result]:
    """Every text that a host has a say in is an attack."""
    attack = model(HOSTILE, listed(1.0), drift=[HOSTILE], policy=HOSTILE, model=HOSTILE, required=False)
    attacked = status(1, HOSTILE, attack, failures=[HOSTILE, f"{HOSTILE} is not in memory"], incidents=[
        {**incident("x", HOSTILE, 10, None, HOSTILE), "model": HOSTILE}], set_aside={HOSTILE: {"rivals": [HOSTILE]}}, hold={"text": HOSTILE})  # fmt: skip
    return {
        f"gpu1{HOSTILE}": said(attacked),
        "gpu2": {"rc": 2, "stdout": "", "stderr": HOSTILE},
        "gpu3": {"rc": 0, "stdout": json.dumps({"exit": 0, "instances": [{**attacked, "instance": HOSTILE}, {**attacked, "instance": "two"}]})},
        "gpu4": warm_host(4),
    }


def large() -> dict[str, Result]:
    """500 hosts, one in ten not warm."""
    return {f"gpu{place}": {"unreachable": True} if place % 10 == 0 else warm_host(place) for place in range(1, 501)}


def page(results: dict[str, Result]) -> str:
    """The page, written at a moment that never changes."""
    return fleet_page(results, NOW)


def fingerprint() -> str:
    """Of the page that the pictures show: they are out of date when it changes."""
    return hashlib.sha256(page(sample()).encode()).hexdigest()
