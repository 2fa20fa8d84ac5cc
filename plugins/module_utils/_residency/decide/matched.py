# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which entry of `/api/ps` and which runner are a declared model's: by digest, then by weights, then by name. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..values.observation import InstalledModel, ModelCard, Observation, ResidentModel
from ..values.policy import DeclaredModel

_LEAST_VISION_CONTEXT = 2048  # tokens


@dataclass(frozen=True)
class MatchedModel:
    """Where one declared model is found in an observation. `stale`: whether what is listed are not the installed weights; None
    when unknown."""

    model: DeclaredModel
    look: Observation
    installed: InstalledModel | None
    card: ModelCard | None
    listed: ResidentModel | None
    alive: bool | None = None
    stale: bool | None = False

    @property
    def wanted_context(self) -> int | None:
        """The server gives a vision model 2048 at least, and caps a context at what the model was trained for (docs/ollama-semantics.md#reloads)."""
        if self.model.num_ctx is None or self.card is None:
            return self.model.num_ctx
        least = _LEAST_VISION_CONTEXT if "vision" in self.card.capabilities else 0
        wanted = max(self.model.num_ctx, least)
        return min(wanted, self.card.training_context or wanted)


def find(model: DeclaredModel, look: Observation) -> MatchedModel:
    """Find it, and tell whether it lives."""
    installed = look.find_installed(model.name)
    card = look.cards.get(installed.digest) if installed else None
    listed = look.find_resident(model.name, installed.digest if installed else None)
    if listed is None:
        return MatchedModel(model, look, installed, card, None)
    stale = _is_stale(listed, installed, card, look) if installed is not None else False
    alive = look.alive(card.blob if card else None)
    if stale is not False:
        alive = _old_runner_alive(listed, look) if stale else None
    return MatchedModel(model, look, installed, card, listed, alive, stale)


def _is_stale(listed: ResidentModel, installed: InstalledModel, card: ModelCard | None, look: Observation) -> bool | None:
    """Whether the resident weights are not the installed ones. Another template on the same weights keeps the old
    digest listed too (docs/ollama-semantics.md#new-weights-under-the-same-name), hence the look at the blob, and at the runners where the old
    digest's is not known: its manifest is gone."""
    if listed.digest == installed.digest:
        return False
    old, new = look.blob_of(listed.digest), card.blob if card else None
    if old and new:
        return old != new
    runs = look.alive(new)
    if runs is None or new is None:
        return None
    return not runs or _has_other_runner(listed, new, look)


def _has_other_runner(listed: ResidentModel, new: str, look: Observation) -> bool:
    """Whether a runner beside that of the new weights can only be that of the listed ones: the new ones then are loading."""
    others = [look.blob_of(entry.digest) for entry in look.resident if entry != listed]
    known = {card.blob for card in look.cards.values()}
    left = (look.runners.blobs if look.runners is not None else frozenset()) - {new, *known}
    return len(left) > others.count(None)


def _old_runner_alive(listed: ResidentModel, look: Observation) -> bool | None:
    """Where the replaced manifest is gone, and with it the name of its blob, some runner must be left over for it."""
    if look.runners is None or not look.runners.complete:
        return None
    others = {look.blob_of(entry.digest) for entry in look.resident if entry != listed}
    return any(blob not in others for blob in look.runners.blobs)
