# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that were in memory before a restart, and their way back: after the declared ones, and never in place of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Callable

from ..server.activity import Activity
from ..server.client import OllamaServer, ServerFailure
from ..values.keep_alive import KeepAlive, KeepAliveError
from ..values.model_name import ModelName, ModelNameError
from ..values.observation import ResidentModel

_STALE = 3600.0  # seconds; a model that would have gone so long ago is nobody's loss
_SHARE = 0.8  # of the free VRAM; beyond it the server makes room (docs/ollama-semantics.md#eviction)


@dataclass(frozen=True)
class Remembered:
    """One model. C(context) in tokens; C(left) is the rest of its keep_alive in seconds, None for ever; C(at) when that was, in seconds
    since the epoch; C(size) in VRAM, in bytes."""

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
        """As JSON has it; C(from_list) reads it."""
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


def remembered_models(look: Activity, earlier: Iterable[Remembered], at: float) -> list[Remembered]:
    """What is in memory now, and of what was noted C(earlier) the models that are not there again."""
    present = [model for model in look.resident or () if not _is_going(model, look)]
    names = {model.name for model in present}
    return [*(_note(model, look, at) for model in present), *(model for model in earlier if model.name not in names)]


def _is_going(model: ResidentModel, look: Activity) -> bool:
    return look.now is not None and model.expiry.moment <= look.now


def _note(model: ResidentModel, look: Activity, at: float) -> Remembered:
    is_pin = look.now is None or model.expiry.is_forever(look.now)
    left = None if is_pin or look.now is None else model.expiry.remaining(look.now).total_seconds()
    return Remembered(model.name, model.context_length, left, at, model.size_vram)


@dataclass(frozen=True)
class Place:
    """How many models the server holds (None: not known), and what tells how much VRAM is free (None: no driver tells)."""

    limit: int | None
    free: Callable[[], int | None]


@dataclass
class Restorer:
    """Loads models beside those that are C(declared). C(lost) are the sentences for those that do not come back."""

    server: OllamaServer
    declared: frozenset[ModelName]
    place: Place
    lost: list[str] = field(default_factory=list)

    def restore(self, model: Remembered) -> bool:
        """Whether it was loaded. A declared model is its own keeper's affair, one that is there again its client's."""
        try:
            before = self._resident()
            if model.name in self.declared or model.name in before:
                return False
            obstacle = self._obstacle(model, before) or self._load(model, before)
        except ServerFailure as failure:
            obstacle = str(failure)
        if obstacle:
            self.lost.append(f"{model.name} was in memory before the restart and does not come back: {obstacle}")
        return not obstacle

    def _obstacle(self, model: Remembered, before: Mapping[ModelName, ResidentModel]) -> str | None:
        if not any(found.name == model.name for found in self.server.installed()):
            return "it is not installed any more"
        if self.place.limit is not None and len(before) >= self.place.limit:
            return f"the server keeps {self.place.limit} models in memory at most, and has as many"
        free = self.place.free() if model.size else None
        if free is not None and model.size > free * _SHARE:
            return "the memory of the GPUs does not hold it beside the others"
        return None

    def _load(self, model: Remembered, before: Mapping[ModelName, ResidentModel]) -> str | None:
        """What went wrong. A declared model that had to make room gets it back at once."""
        card = self.server.card(model.name)
        self.server.load(model.name, card.generates, model.keep_alive, card.asked_context(model.context))
        displaced = [found for name, found in before.items() if name in self.declared and name not in self._resident()]
        if not displaced:
            return None
        with suppress(ServerFailure):
            self.server.unload(model.name)
        for found in displaced:
            self._bring_back(found)
        return f"{' and '.join(str(found.name) for found in displaced)}, which is declared, had to make room for it"

    def _bring_back(self, model: ResidentModel) -> None:
        """With what it had: a pin is one again."""
        card = self.server.card(model.name)
        now = self.server.resident()[1]
        left = model.expiry.remaining(now).total_seconds()
        kept = KeepAlive.FOREVER if model.expiry.is_forever(now) else KeepAlive.parse(f"{max(1, round(left))}s")
        self.server.load(model.name, card.generates, kept, card.asked_context(model.context_length))

    def _resident(self) -> dict[ModelName, ResidentModel]:
        return {model.name: model for model in self.server.resident()[0]}
