# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every metric by its name, with what Prometheus is told of it. Alerts, dashboard and README are held to this list."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "ollama_warmup_"
MODEL = "ollama_warmup_model_"

METRICS: Mapping[str, str] = {
    f"{PREFIX}warm": "1 while every required model is resident, as far as the last pass proved it for this start of the server; no sample for an empty list.",
    f"{PREFIX}last_pass_timestamp_seconds": "When the last pass ended, or was skipped for a server that is stopped or on hold, or for want of a declaration.",
    f"{PREFIX}last_pass_start_timestamp_seconds": "When the last pass began; later than its end while a pass is running.",
    f"{PREFIX}last_pass_duration_seconds": "How long the last pass took, loads included.",
    f"{PREFIX}last_pass_result": "How the last pass ended: 1 for that result, 0 for the others.",
    f"{PREFIX}period_seconds": "The longest that may lie between the end of a pass and the beginning of the next.",
    f"{PREFIX}longest_pass_seconds": "How long a pass may take until systemd ends it.",
    f"{PREFIX}hold_until_timestamp_seconds": "Until when an operator wants the server left alone; 0 without a hold.",
    f"{MODEL}resident": "1 while the model is resident, as far as the last pass proved it for this start of the server.",
    f"{MODEL}required": "1 where the host counts as warm only with this model resident.",
    f"{MODEL}drift": "1 for each way in which the model differs from what is declared, 0 for the others.",
    f"{MODEL}expiry_timestamp_seconds": "When the server will drop the model; +Inf for ever. Without a sample the model is not listed.",
    f"{MODEL}size_bytes": "The size of the model in memory, VRAM included.",
    f"{MODEL}vram_bytes": "How much of the model is in VRAM.",
    f"{MODEL}vram_ratio": "The share of the model that is in VRAM, from 0 to 1.",
    f"{MODEL}context_tokens": "The context that the model was loaded with.",
    f"{MODEL}loads_total": "How often the agent loaded the model.",
    f"{MODEL}slow_loads_total": "How many of these loads took longer than declared.",
    f"{MODEL}last_load_duration_seconds": "How long the agent's last load of the model took.",
    f"{MODEL}incidents_total": "How often the model was found not to be as declared, by the cause.",
    f"{MODEL}conflict": "1 while somebody keeps undoing what is declared for the model: its context, or its place in memory (eviction).",
}
_LABELS: Mapping[str, str] = {f"{PREFIX}last_pass_result": "result", f"{MODEL}drift": "drift", f"{MODEL}incidents_total": "cause", f"{MODEL}conflict": "kind"}


def labels(name: str) -> list[str]:
    """The labels of a metric beside the instance's."""
    return [*(["model"] if name.startswith(MODEL) else []), *([_LABELS[name]] if name in _LABELS else [])]
