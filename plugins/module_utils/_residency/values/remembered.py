# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model as it was in memory before a restart of the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .keep_alive import KeepAlive, KeepAliveError
from .model_name import ModelName, ModelNameError

_STALE = 3600.0  # seconds; a model that would have gone so long ago is not loaded again


@dataclass(frozen=True)
class Remembered:
    """One model. `context` in tokens; `left` is the rest of its keep_alive in seconds, None for ever; `at` when that was, in seconds
    since the epoch; `size` in VRAM, in bytes."""

    name: ModelName
    context: int | None
    left: float | None
    at: float
    size: int = 0

    @property
    def keep_alive(self) -> KeepAlive:
        """What to load it with."""
        return KeepAlive.FOREVER if self.left is None else KeepAlive.parse(f"{max(1, round(self.left))}s")

    def is_past(self, now: float) -> bool:
        """Whether it would have gone by itself long ago."""
        return self.left is not None and now > self.at + self.left + _STALE

    def as_data(self) -> dict[str, Any]:
        """As JSON has it; `from_list` reads it."""
        return {"name": str(self.name), "context": self.context, "left": self.left, "at": self.at, "size": self.size}

    @classmethod
    def from_list(cls, raw: Any) -> list[Remembered]:
        """Those of a list that can be read."""
        found = (cls._from_data(entry) for entry in raw) if isinstance(raw, list) else ()
        return [entry for entry in found if entry is not None]

    @classmethod
    def _from_data(cls, raw: Any) -> Remembered | None:
        try:
            context, left = raw["context"], raw["left"]
            name, at, size = ModelName.parse(raw["name"]), float(raw["at"]), int(raw["size"])
            return cls(name, None if context is None else int(context), None if left is None else float(left), at, size)
        except (KeyError, TypeError, ValueError, ModelNameError, KeepAliveError):
            return None
