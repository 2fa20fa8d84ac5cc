# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which drifts a declared model has: what is declared x what was seen x what is remembered. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..values.keep_alive import KeepAlive
from ..values.model_name import ModelName
from ..values.observation import Observation, ResidentModel
from ..values.past import Past
from .drifts import (  # fmt: skip
    BUSY,
    CONTEXT_MISMATCH,
    DEAD_RUNNER,
    EXPIRING,
    HUNG_RUNNER,
    LIVENESS_UNKNOWN,
    LOADING,
    NOT_INSTALLED,
    NOT_LOADED,
    OVERSTAYING,
    SPILLED,
    STALE_DIGEST,
    STUCK,
)
from .matched import MatchedModel
from .verdicts import History

_STUCK_GRACE = timedelta(minutes=10)  # a long answer leaves a past expiry listed while it runs
_CLOCK_GRAIN = timedelta(seconds=5)  # the Date header counts whole seconds and is written before the list


def detect(sight: MatchedModel, history: History) -> Iterator[str]:
    """The drifts of one declared model, by their words."""
    if sight.installed is None:
        yield NOT_INSTALLED
    elif sight.listed is None:
        yield from _unlisted(sight, history)
    if sight.listed is not None and sight.stale:
        yield from _replaced(sight, history)
    elif sight.listed is not None:
        yield from _broken(sight, sight.listed)
        yield from _degraded(sight, sight.listed, history.past)


def _unlisted(sight: MatchedModel, history: History) -> Iterator[str]:
    if _is_loading(sight, history) and sight.look.tells_all_weights:
        yield LOADING
    elif sight.model.is_pin or sight.model.name not in history.warmed:
        yield NOT_LOADED


def _replaced(sight: MatchedModel, history: History) -> Iterator[str]:
    """What else there is to say of the old weights is nobody's concern: a request reaches the new ones."""
    if _is_loading(sight, history):
        yield LOADING
    yield STALE_DIGEST


def _is_loading(sight: MatchedModel, history: History) -> bool:
    """A loading model has a runner, but is not listed (docs/ollama-semantics.md#proved-on-running-servers); a runner that nothing can end, too."""
    blob = sight.card.blob if sight.card else None
    overdue = history.loading is not None and sight.look.unlisted_for(blob) >= history.loading
    return sight.look.alive(blob) is True and not overdue


def _broken(sight: MatchedModel, listed: ResidentModel) -> Iterator[str]:
    yield from _lifeless(sight)
    remaining = sight.look.left(listed)
    if remaining < -_STUCK_GRACE:
        yield STUCK
    elif remaining < -_CLOCK_GRAIN:
        yield BUSY  # listed past its expiry: a request is running
    elif sight.model.is_pin and not listed.expiry.is_forever(sight.look.now):
        yield EXPIRING


def _lifeless(sight: MatchedModel) -> Iterator[str]:
    if sight.alive is False:
        yield DEAD_RUNNER
    elif sight.alive and sight.look.is_hung(sight.card.blob if sight.card else None):
        yield HUNG_RUNNER
    elif sight.alive is None and sight.installed is not None:
        yield LIVENESS_UNKNOWN


def _degraded(sight: MatchedModel, listed: ResidentModel, past: Past | None) -> Iterator[str]:
    if not sight.model.is_pin and stays_longer(listed, sight.model.keep_alive, sight.look):
        yield OVERSTAYING
    wanted = sight.wanted_context
    if sight.installed is not None and wanted is not None and listed.context_length not in (None, wanted):
        yield CONTEXT_MISMATCH
    if _is_spilled(listed, sight.model.min_gpu_percent, was_on_gpu(sight.model.name, listed, past)):
        yield SPILLED


def stays_longer(listed: ResidentModel, keep_alive: KeepAlive, look: Observation) -> bool:
    """Whether its expiry is further away than its keep_alive."""
    return look.left(listed) > keep_alive.as_timedelta() + _CLOCK_GRAIN


def was_on_gpu(name: ModelName, listed: ResidentModel, past: Past | None) -> bool:
    """Whether these very weights were ever seen in VRAM."""
    return past is not None and past.was_on_gpu(name, listed.digest)


def _is_spilled(listed: ResidentModel, least: int | None, once_on_gpu: bool) -> bool:
    """Without a declared share, partly in VRAM is spilled, and what was always on the CPU is on a host without a GPU."""
    if least is None:
        return listed.size_vram < listed.size and (listed.size_vram > 0 or once_on_gpu)
    return 100 * listed.size_vram < least * listed.size
