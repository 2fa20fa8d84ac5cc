# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent remembers of the server's present start, without which a model that left as declared looks like one that was lost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._residency.decide.displacement import SetAside
from .._residency.decide.verdicts import History
from .._residency.values.model_name import ModelName, ModelNameError
from .examination import Examination, entries_of


def agent_history(look: Examination) -> History | None:
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


def _set_aside(raw: Mapping[str, Any]) -> dict[ModelName, SetAside]:
    named = ((_name(text), entry) for text, entry in raw.items())
    return {name: _aside(entry if isinstance(entry, dict) else {"rivals": entry}) for name, entry in named if name}


def _aside(raw: Mapping[str, Any]) -> SetAside:
    """An agent of an earlier release tells the rivals only."""
    rivals = tuple(str(name) for name in _names(entries_of(raw.get("rivals"))))
    beside, limit = raw.get("beside"), raw.get("limit")
    return SetAside(
        rivals=rivals,
        beside={str(name): size for name, size in beside.items() if isinstance(size, int)} if isinstance(beside, dict) else dict.fromkeys(rivals, 0),
        limit=limit if isinstance(limit, int) else None,
    )


def _name(text: Any) -> ModelName | None:
    try:
        return ModelName.parse(text)
    except ModelNameError:
        return None
