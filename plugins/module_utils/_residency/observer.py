# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at one server: C(/api/ps), C(/api/tags) and /proc, and C(/api/show) only for digests never seen before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from .impostor import require_processes
from .model_name import ModelName
from .observation import InstalledModel, ModelCard, Observation, ResidentModel
from .policy import Policy
from .runners import living_runners
from .server import OllamaServer, ServerGarbled, ServerRefused


@dataclass
class Observer:
    """Looks at C(server), whose processes are those of the systemd C(unit); without one where it is another machine's (C(own_unit)).

    C(cards) is kept by digest, which never changes its meaning; hand it on to the next pass to save requests.
    """

    server: OllamaServer
    policy: Policy
    unit: str | None = None
    cards: dict[str, ModelCard] = field(default_factory=dict)

    def look(self) -> Observation:
        """Raises C(ServerFailure), also where another program answers for a unit that is down.

        /proc is read after /api/ps: a runner that ended in between is not called alive.
        """
        resident, now = self.server.resident()
        runners = living_runners(self.unit) if self.unit else None
        if self.unit and runners is None:
            require_processes(self.unit, self.server.url)
        installed = self.server.installed()
        for model in self._unknown(installed, resident):
            self._fetch(model)
        return Observation(now=now, installed=installed, resident=resident, cards=dict(self.cards), runners=runners)

    def _fetch(self, model: InstalledModel) -> None:
        """Without a card where the server has none: deleted since the list was read, or broken, which its load will tell."""
        with suppress(ServerRefused, ServerGarbled):
            self.cards[model.digest] = self.server.card(model.name)

    def _unknown(
        self, installed: tuple[InstalledModel, ...], resident: tuple[ResidentModel, ...]
    ) -> Iterator[InstalledModel]:
        wanted = {model.name for model in self.policy.models}
        if not self._all_listed(installed, resident):
            wanted |= {entry.name for entry in resident}  # one of them may hold a declared model's weights
        for model in installed:
            if model.name in wanted and model.digest not in self.cards and not model.remote:
                yield model

    def _all_listed(self, installed: tuple[InstalledModel, ...], resident: tuple[ResidentModel, ...]) -> bool:
        digests = {entry.digest for entry in resident}
        declared: set[ModelName] = {model.name for model in self.policy.models}
        return all(model.digest in digests for model in installed if model.name in declared)
