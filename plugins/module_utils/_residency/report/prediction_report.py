# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A prediction as plain data, and in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..._base.text import human_bytes
from ..predict.predict import Fit
from ..predict.scheduler import EVICTS, FITS, FREE_PERCENT, SPILLS
from ..predict.sizes import ESTIMATED


def fit_data(fit: Fit) -> dict[str, Any]:
    """`fit` of one model in a module's result. Bytes; null where not known."""
    outcome = fit.outcome
    return {
        "verdict": fit.verdict,
        "evidence": fit.evidence,
        "size": fit.footprint.size,
        "size_vram": outcome.size_vram,
        "reckoned": fit.footprint.reckoned,
        "free": outcome.free,
        "evicts": list(outcome.evicts),
        "text": sentence(fit),
    }


def warnings(fits: Iterable[Fit]) -> list[str]:
    """A sentence for each model that will not just fit."""
    return [sentence(fit) for fit in fits if fit.is_problem]


def sentence(fit: Fit) -> str:
    """With the numbers, and which of them are guessed."""
    guessed = fit.evidence == ESTIMATED and fit.footprint.evidence != ESTIMATED
    return _sentence(fit) + (" (the size of what is loaded before it is estimated)" if guessed else "")


def _sentence(fit: Fit) -> str:
    if fit.is_loaded:
        return f"{fit.name} is in memory with {human_bytes(fit.outcome.size_vram or 0)} of its {human_bytes(fit.footprint.size or 0)} in VRAM"
    if fit.verdict == EVICTS:
        return _evicts(fit)
    if fit.verdict == SPILLS:
        return f"{fit.name} will not fit into VRAM: it takes {_size(fit)}, and {_bytes(fit.outcome.free)} are free, so that the rest runs on the CPU"
    if fit.verdict == FITS:
        return f"{fit.name} will fit: it takes {_size(fit)}, and {_bytes(fit.outcome.free)} of VRAM are free"
    return _unknown(fit)


def _evicts(fit: Fit) -> str:
    outcome = fit.outcome
    end = f"; a pass then loads {_names(outcome.evicts)} again and stops trying {fit.name}" if outcome.set_aside else ""
    evicting = f"loading it will evict {_names(outcome.evicts)}{end}"
    if outcome.by_count:
        return f"{fit.name} is one model too many under OLLAMA_MAX_LOADED_MODELS={fit.limit}: {evicting}"
    reckoned = f"reckons {human_bytes(fit.footprint.reckoned)} for it and " if fit.footprint.reckoned else ""
    reason = f"it takes {_size(fit)}; the server {reckoned}fills no more than {FREE_PERCENT} % of the {_bytes(outcome.free)} of VRAM that are free"
    return f"{fit.name} will not fit beside the other models: {reason}: {evicting}{_spill(fit)}"


def _spill(fit: Fit) -> str:
    vram = fit.outcome.size_vram
    if fit.footprint.size is None or vram is None or vram >= fit.footprint.size:
        return ""
    return f", and even so only {human_bytes(vram)} of it get into VRAM"


def _unknown(fit: Fit) -> str:
    if fit.footprint.size is None:
        return f"whether {fit.name} will fit is not known: it was never measured, and the server does not tell enough to estimate its size"
    free = fit.outcome.free
    if fit.unsized is not None:
        return f"whether {fit.name} will fit is not known: it takes {_size(fit)}, and nobody knows how much {fit.unsized} takes, which is loaded before it"
    known = f"of which {human_bytes(free)} more than is taken were ever seen in use" if free else "which no driver tells"
    return f"whether {fit.name} will fit is not known: it takes {_size(fit)}, and it is not known how much VRAM there is, {known}"


def _size(fit: Fit) -> str:
    return f"{_bytes(fit.footprint.size)} ({fit.footprint.evidence})"


def _bytes(count: int | None) -> str:
    return human_bytes(count) if count is not None else "an unknown amount"


def _names(names: tuple[str, ...]) -> str:
    return " and ".join(names)
