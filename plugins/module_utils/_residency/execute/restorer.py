# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings back, after a restart of the server, the models that were in memory before it and are not declared."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ..decide.restoring import Place, displaced, is_wanted_back, obstacle
from ..server.client import OllamaServer, ServerFailure
from ..values.keep_alive import KeepAlive
from ..values.model_name import ModelName
from ..values.observation import ResidentModel
from ..values.remembered import Remembered


@dataclass
class Restorer:
    """Loads models beside those that are `declared`. `lost` are the sentences for those that do not come back."""

    server: OllamaServer
    declared: frozenset[ModelName]
    place: Place
    lost: list[str] = field(default_factory=list)

    def restore(self, model: Remembered) -> bool:
        """Whether it was loaded."""
        try:
            before = self._resident()
            if not is_wanted_back(model, self.declared, before):
                return False
            trouble = self._obstacle(model, before) or self._load(model, before)
        except ServerFailure as failure:
            trouble = str(failure)
        if trouble:
            self.lost.append(f"{model.name} was in memory before the restart and does not come back: {trouble}")
        return not trouble

    def _obstacle(self, model: Remembered, before: Mapping[ModelName, ResidentModel]) -> str | None:
        is_installed = any(found.name == model.name for found in self.server.installed())
        return obstacle(model, is_installed, len(before), self.place)

    def _load(self, model: Remembered, before: Mapping[ModelName, ResidentModel]) -> str | None:
        """What went wrong. A declared model that had to make room gets it back at once."""
        card = self.server.card(model.name)
        self.server.load(model.name, card.generates, model.keep_alive, card.asked_context(model.context))
        gone = displaced(before, self._resident(), self.declared)
        if not gone:
            return None
        with suppress(ServerFailure):
            self.server.unload(model.name)
        for found in gone:
            self._bring_back(found)
        return f"{' and '.join(str(found.name) for found in gone)}, which is declared, had to make room for it"

    def _bring_back(self, model: ResidentModel) -> None:
        """With what it had: a pin is one again."""
        card = self.server.card(model.name)
        now = self.server.resident()[1]
        left = model.expiry.remaining(now).total_seconds()
        kept = KeepAlive.FOREVER if model.expiry.is_forever(now) else KeepAlive.parse(f"{max(1, round(left))}s")
        self.server.load(model.name, card.generates, kept, card.asked_context(model.context_length))

    def _resident(self) -> dict[ModelName, ResidentModel]:
        return {model.name: model for model in self.server.resident()[0]}
