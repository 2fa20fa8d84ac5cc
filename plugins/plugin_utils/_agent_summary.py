# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ollama_warmup came to on a host, in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.model_list import is_given

NOTHING_DECLARED = (
    "no models are declared (ollama_warmup_models is null): the agent keeps nothing in memory, and the host does not count as warm. Declare them,"
    " or write [] for none"
)
NO_MODELS = "nothing declared ([] in ollama_warmup_models): no model is kept in memory"
Proven = Mapping[str, Iterable[Mapping[str, Any]]]


def agent_summary(entries: Iterable[Mapping[str, Any]], host: str, proven: Proven | None = None, written: int = 0, predicted: bool = False) -> str:
    """The line."""
    servers = "; ".join(_server(entry, proven or {}, predicted) for entry in entries)
    files = f"{written} file{'' if written == 1 else 's'}"
    acts = f" {'Would write' if predicted else 'Wrote'} {files}." if written else ""
    return f"{host}: {servers}.{acts}"


def _server(entry: Mapping[str, Any], proven: Proven, predicted: bool) -> str:
    name = entry["name"]
    subject = "" if name == "default" else f"{name} "
    if not is_given(entry["models"]):
        return f"{subject}{NOTHING_DECLARED}"
    if not entry["models"]:
        return f"{subject}{NO_MODELS}"
    if name not in proven:
        return f"{subject}not proven warm (ollama_warmup_prove is false)"
    lacking = predicted and any(not model["resident"] for model in proven[name])
    resident = [model["name"] for model in proven[name] if predicted or model["resident"]]
    models = f" ({', '.join(resident)})" if resident else ", with no models"
    return f"{subject}{'would be warm' if lacking else 'warm'}{models}"
