# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent remembers of the server's present start, without which a model that left as declared looks like one that was lost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._residency.drift import History
from .._residency.model_name import ModelName, ModelNameError
from .examination import Examination, entries_of


def remembered(look: Examination) -> History | None:
    """As a pass of the agent's would begin with it; None where nobody remembers. What its status says is data of another program."""
    raw = look.agent.status.get("history")
    if not isinstance(raw, dict) or "warmed" not in raw:
        return None
    start = look.server.start if look.server else None
    if raw.get("server") != start:  # the server was started anew since its last pass
        return History()
    aside = raw.get("set_aside")
    return History(
        warmed=frozenset(_names(entries_of(raw["warmed"]))),
        # where a start cannot be told from another, nothing is set aside for longer than a pass
        set_aside=_set_aside(aside) if start and isinstance(aside, dict) else {},
    )


def _names(texts: Iterable[Any]) -> Iterable[ModelName]:
    return (name for name in map(_name, texts) if name)


def _set_aside(raw: Mapping[str, Any]) -> dict[ModelName, tuple[str, ...]]:
    named = ((_name(text), tuple(map(str, entries_of(rivals)))) for text, rivals in raw.items())
    return {name: rivals for name, rivals in named if name}


def _name(text: Any) -> ModelName | None:
    try:
        return ModelName.parse(text)
    except ModelNameError:
        return None
