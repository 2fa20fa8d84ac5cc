# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much VRAM a server has: what drivers tell, what was seen to go in and not to go in, and which loads of a pass drove a pin out for
want of it. Pure. Everything in bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..decide.actions import LOADS
from ..decide.progress import PassResult, Progress
from ..decide.verdicts import Verdict
from ..values.observation import ResidentModel
from ..values.policy import Policy
from .measurement import settings_of_neighbours
from .scheduler import FREE_PERCENT
from .sizes import Subject, footprint

_GIB = 1024**3
_TIERS = ((47 * _GIB, 262144), (23 * _GIB, 32768))
_TIERS_SINCE = (0, 15, 5)  # before, it was always the least (envconfig/config.go: ContextLength)
_LEAST_CONTEXT = 4096
_INACCURACY = 20  # a twentieth of the VRAM: what drivers count beside models, as each runner's own context on the GPU


@dataclass(frozen=True)
class Bounds:
    """What was learned on these `gpus`. `at_least` was in VRAM at once; `at_most` was asked for at once, and part of it did not
    get into VRAM."""

    at_least: int = 0
    at_most: int | None = None
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vram:
    """What the drivers tell of the GPUs that the server may use; `used` by whomever."""

    total: int
    used: int = 0


@dataclass(frozen=True)
class Capacity:
    """How much VRAM there is: `total` None where no driver tells, and what `others` hold of it, which are other programs; the bounds
    as learned."""

    total: int | None = None
    at_least: int = 0
    at_most: int | None = None
    others: int = 0

    @property
    def point(self) -> int | None:
        """What models may take, the best single figure where drivers tell one: what was learned corrects it, since llama.cpp leaves a
        margin free, and a runner holds a little more than its model. What went in before others came is no such correction."""
        if self.total is None:
            return None
        free = max(self.total - self.others, 0)
        most = free if self.at_most is None else min(free, self.at_most - 1)
        return most if self.others > self.total // _INACCURACY else max(most, min(self.at_least, self.total))


def default_context(vram: Vram | None, seen: int = 0, release: tuple[int, ...] = ()) -> int | None:
    """The context of a model for which nobody asks another, in tokens (server/routes.go: Serve). The `release` is newer than that the
    VRAM decides it where it is not known. Where no driver tells, the VRAM that was `seen` in use does only if it is enough for the
    most: there may always be more than that. None where it is not known."""
    if any(release) and release < _TIERS_SINCE:
        return _LEAST_CONTEXT
    if vram is None:
        return _TIERS[0][1] if seen >= _TIERS[0][0] else None
    return next((context for least, context in _TIERS if vram.total >= least), _LEAST_CONTEXT)


def learn(bounds: Bounds, living: Iterable[ResidentModel], gpus: tuple[str, ...], partial: frozenset[str] = frozenset()) -> Bounds:
    """What one look adds. Other GPUs, other bounds. The later evidence wins over the earlier that it contradicts: other programs
    come and go. `partial` are digests that a Modelfile keeps out of VRAM, whatever room there is."""
    known = bounds if bounds.gpus == gpus else Bounds(gpus=gpus)
    loaded = tuple(living)
    inside = sum(entry.size_vram for entry in loaded)
    if any(0 < entry.size_vram < entry.size and entry.digest not in partial for entry in loaded):
        return _spilled(known, inside, sum(entry.size for entry in loaded if entry.size_vram))
    at_least = max(known.at_least, inside)
    return replace(known, at_least=at_least, at_most=known.at_most if known.at_most is None or known.at_most > at_least else None)


def learn_eviction(bounds: Bounds, others: int, reckoned: int) -> Bounds:
    """A model that the server reckoned to take so much drove one out although fewer models were loaded than may be, while
    so much of `others` was in VRAM: it was more than the share of the free VRAM that the scheduler fills (scheduler.py)."""
    at_most = others - (-reckoned * 100 // FREE_PERCENT)  # rounded up
    return _limited(bounds, at_most if bounds.at_most is None else min(bounds.at_most, at_most), at_most, others)


def _spilled(known: Bounds, inside: int, wanted: int) -> Bounds:
    return _limited(known, wanted if known.at_most is None else min(known.at_most, wanted), wanted, inside)


def _limited(known: Bounds, least: int, newest: int, inside: int) -> Bounds:
    """Below the `least` limit of all, unless what is `inside` now contradicts it; then below the `newest`."""
    at_most = least if least > inside else newest
    return replace(known, at_least=max(known.at_least, inside) if known.at_least < at_most else inside, at_most=at_most)


def capacity(bounds: Bounds, gpus: tuple[str, ...], vram: Vram | None, living: Iterable[ResidentModel]) -> Capacity:
    """What there is now. What is used, and not by this server's models, is other programs' and stays so."""
    learned = bounds if bounds.gpus == gpus else Bounds()
    if vram is None:
        return Capacity(None, learned.at_least, learned.at_most)
    own = sum(entry.size_vram for entry in living)
    return Capacity(vram.total, learned.at_least, learned.at_most, others=max(vram.used - own, 0))


@dataclass(frozen=True)
class Eviction:
    """In bytes: what the server reckoned for the model that was loaded, and what `others` had in VRAM then, at the most."""

    others: int
    reckoned: int


def evictions(policy: Policy, result: PassResult) -> Iterator[Eviction]:
    """Where the number of models cannot have been the reason: fewer are loaded than the declared most."""
    if not policy.max_loaded_models or len(result.look.resident) >= policy.max_loaded_models:
        return
    inside = sum(entry.size_vram for entry in result.look.living)
    for progress in result.models:
        loaded = _loaded(progress, result)
        reckoned = _reckoned(loaded, result) if loaded else None
        if loaded is not None and reckoned is not None:
            gone = _inside(progress.first) if progress is not loaded else 0
            yield Eviction(inside - _inside(loaded.last) + gone, reckoned)


def _inside(verdict: Verdict) -> int:
    """A runner that died takes nothing, whatever the list says."""
    return verdict.listed.size_vram if verdict.listed and verdict.in_memory and verdict.alive is not False else 0


def _loaded(progress: Progress, result: PassResult) -> Progress | None:
    """What drove others out, and gave their place back; or what this one was driven out by."""
    if not progress.set_aside:
        return None
    if not LOADS.isdisjoint(progress.attempts):
        return progress
    return next((other for other in result.models if (str(other.model.name),) == progress.rivals), None)


def _reckoned(loaded: Progress, result: PassResult) -> int | None:
    """Unknown where nobody says what context it had."""
    last = loaded.last
    if last.card is None or last.installed is None:
        return None
    context = last.listed.context_length if last.listed and last.in_memory else last.wanted_context or last.card.num_ctx
    settings = settings_of_neighbours(result.look.runners, result.look.cards.values()).runner.of_model(last.card)
    return footprint(Subject(last.installed.digest, last.installed.size, last.card.cache, context, settings), ()).reckoned
