# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an earlier look left to be remembered: plain values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .keep_alive import Expiry
from .model_name import ModelName
from .observation import Observation, ResidentModel


@dataclass(frozen=True)
class Cause:
    """`evidence` is `observed`, or `inferred` from what came before and after; `by` the models that took the place."""

    word: str
    evidence: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Earlier:
    """How one model was found. `expiry` is None where it was not in memory; `forever` is by the clock of that look.
    `runner` names its process; `gpu_digest` is what of it was ever seen in VRAM, which its leaving does not undo."""

    digest: str | None = None
    expiry: Expiry | None = None
    forever: bool = False
    context_length: int | None = None
    runner: str | None = None
    gpu_digest: str | None = None

    @property
    def was_listed(self) -> bool:
        """Whether it was in memory."""
        return self.expiry is not None


@dataclass(frozen=True)
class Past:
    """The last look that succeeded; `server` names that start of the server, None where starts cannot be told apart.
    Empty where there was none."""

    server: str | None = None
    models: Mapping[ModelName, Earlier] = field(default_factory=dict)

    def listed(self, name: ModelName) -> Earlier | None:
        """The model, if it was in memory then."""
        found = self.models.get(name)
        return found if found is not None and found.was_listed else None

    def was_on_gpu(self, name: ModelName, digest: str) -> bool:
        """Whether these weights of the model were ever seen in VRAM."""
        found = self.models.get(name)
        return found is not None and found.gpu_digest == digest


def remember(
    server: str | None,
    look: Observation,
    declared: Mapping[ModelName, ResidentModel | None],
    before: Past | None,
    loading: frozenset[ModelName] = frozenset(),
) -> Past:
    """This look, for later ones: every declared model by its declared name, then whatever else was in memory. A model that is
    `loading` is not listed, though it may have been a moment ago: what was known of it is kept until it shows again."""
    found: dict[ModelName, ResidentModel | None] = {**{entry.name: entry for entry in look.resident}, **declared}
    known = before.models if before else {}
    models = {name: _earlier(look, listed, known.get(name, Earlier())) for name, listed in found.items()}
    if before and before.server == server:
        models.update({name: known[name] for name in loading if name in known})
    return Past(server, models)


def _earlier(look: Observation, listed: ResidentModel | None, before: Earlier) -> Earlier:
    if listed is None:
        return Earlier(gpu_digest=before.gpu_digest)
    return Earlier(
        digest=listed.digest,
        expiry=listed.expiry,
        forever=listed.expiry.is_forever(look.now),
        context_length=listed.context_length,
        runner=look.runner_of(listed.digest),
        gpu_digest=listed.digest if listed.size_vram else before.gpu_digest,
    )
