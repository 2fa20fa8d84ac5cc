# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan is made of, and what only a program that remembers can tell it: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..values.keep_alive import KeepAlive
from ..values.model_name import ModelName
from ..values.observation import InstalledModel, ModelCard, ResidentModel
from ..values.past import Cause, Past
from ..values.policy import DeclaredModel
from .actions import CHANGES, LOADS, NO_ACTION
from .displacement import SetAside
from .drifts import BREAKING, PASSING, STALE_DIGEST


@dataclass(frozen=True)
class History:
    """What only a program that remembers knows. `warmed`: the `warm` models that had their load since this server
    start and are left to their expiry; `pinned`: what we pinned earlier, so that it can be given back; `set_aside`:
    what an earlier pass set aside for want of memory, and beside what, so that not every pass costs another model its
    place anew. `withheld`: the digest of what is not to be loaded now (empty for
    any), and the sentence why; `conflicts`: how
    often a context was put back within the hour, in vain; `failed`: what is loaded after the others, since it may fail again.
    `going_on`: the causes, by drift, of what an earlier pass could not put right. `redeclared`: what of a declaration is
    still to be put into effect, once (`declaration.changes`).
    `reloads` are left for this pass, None for any number. `past` is the last look, at the start `server` or another.
    `loading`: for how many seconds a runner that is not listed counts as a load in progress, None for any time.
    """

    warmed: frozenset[ModelName] = frozenset()
    pinned: frozenset[ModelName] = frozenset()
    set_aside: Mapping[ModelName, SetAside] = field(default_factory=dict)
    withheld: Mapping[ModelName, tuple[str, str]] = field(default_factory=dict)
    conflicts: Mapping[ModelName, int] = field(default_factory=dict)
    failed: frozenset[ModelName] = frozenset()
    reloads: int | None = None
    going_on: Mapping[ModelName, Mapping[str, Cause]] = field(default_factory=dict)
    redeclared: Mapping[ModelName, frozenset[str]] = field(default_factory=dict)
    server: str | None = None
    past: Past | None = None
    loading: float | None = None


@dataclass(frozen=True)
class Verdict:
    """One declared model against one observation. `num_ctx` is what a request for `action` sends; `wanted_context`
    what the server makes of the declared one; `withheld` why a load that is due is not to be made now; `redeclared`
    what of the declaration was never put into effect."""

    model: DeclaredModel
    installed: InstalledModel | None
    card: ModelCard | None
    listed: ResidentModel | None
    alive: bool | None
    drift: tuple[str, ...]
    action: str
    num_ctx: int | None = None
    refusal: str | None = None
    withheld: str | None = None
    advice: tuple[str, ...] = ()
    wanted_context: int | None = None
    redeclared: frozenset[str] = frozenset()

    @property
    def resident(self) -> bool | None:
        """The installed weights are listed, their runner lives and runs, expiry as declared; None when it cannot be seen."""
        if self.listed is None or self.refusal or BREAKING.intersection(self.drift):
            return False
        return self.alive

    @property
    def in_memory(self) -> bool:
        """Whether the server lists the installed weights."""
        return self.listed is not None and STALE_DIGEST not in self.drift

    @property
    def settled(self) -> bool:
        """Nothing to wait for: as declared, or nothing that waiting would change."""
        return not PASSING.intersection(self.drift)


@dataclass(frozen=True)
class Stray:
    """What is in memory and not declared, the old weights of a declared name included, and what to do about it. `name` is the one
    that a request for it names."""

    listed: ResidentModel
    name: ModelName
    action: str
    keep_alive: KeepAlive
    card: ModelCard | None


@dataclass(frozen=True)
class Plan:
    """Every declared model in declared order, and the undeclared ones that are to be changed."""

    verdicts: tuple[Verdict, ...]
    strays: tuple[Stray, ...] = ()

    @property
    def has_work(self) -> bool:
        """Whether anything would be asked of the server."""
        return bool(self.strays) or any(verdict.action != NO_ACTION for verdict in self.verdicts)

    def within(self, names: frozenset[ModelName] | None) -> Plan:
        """The plan for these models only; None for all of it."""
        if names is None:
            return self
        return Plan(tuple(verdict for verdict in self.verdicts if verdict.model.name in names))

    @property
    def would_change(self) -> bool:
        """Whether carrying it out would change the server; a probe cannot tell, and waiting is no act of ours."""
        return bool(self.strays) or any(verdict.action in CHANGES for verdict in self.verdicts)

    @property
    def would_load(self) -> bool:
        """Whether carrying it out would load anything."""
        return any(verdict.action in LOADS for verdict in self.verdicts)
