# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples of a noisy machine: medians, quartiles, and ratios of what was measured side by side."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The median of some samples and the quartiles around it."""

    median: float
    low: float
    high: float

    def text(self, digits: int = 2) -> str:
        """As "1.32 (1.20-1.45)"."""
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def spread(samples: Sequence[float]) -> Spread:
    """Of at least two samples."""
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Spread(median, low, high)


def ratio(samples: Sequence[float], reference: Sequence[float]) -> Spread:
    """Of each sample to the one that was taken beside it, so that a busy moment weighs on both."""
    return spread([one / other for one, other in zip(samples, reference)])


def difference(samples: Sequence[float], reference: Sequence[float]) -> Spread:
    """Like `ratio`."""
    return spread([one - other for one, other in zip(samples, reference)])
