# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of models as people write them: mappings, names, or both; with `-e key=value` a text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

RIGHT = "write a list of names or mappings, such as [{name: qwen3:8b}]"


def read_models(raw: Any) -> list[Mapping[str, Any]] | None:
    """Mappings with a `name`; what else they say is not judged. None for what is no such list."""
    entries = _from_text(raw) if isinstance(raw, str) else raw
    if not isinstance(entries, (list, tuple)):
        return None
    models = [{"name": entry} if isinstance(entry, str) else entry for entry in entries]
    return models if all(isinstance(model, Mapping) for model in models) else None


def is_given(raw: Any) -> bool:
    """Whether anybody has declared anything: up to ansible-core 2.18 a templated null is an empty text."""
    return raw is not None and raw != ""


def _from_text(text: str) -> Any:
    """A list as JSON, else names with commas between them."""
    if not text.lstrip().startswith(("[", "{")):
        return [name.strip() for name in text.split(",") if name.strip()]
    try:
        return json.loads(text)
    except ValueError:
        return None
