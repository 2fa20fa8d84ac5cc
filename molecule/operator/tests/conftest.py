# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on which an operator is at work."""

from __future__ import annotations

from typing import Any

import pytest
from shared.gpu import PASS, Gpu, eventually
from shared.warm import calm

__all__ = ["RESTART", "Passes", "calm", "gpu"]

RESTART = "ollama-warmup-restart.service"


@pytest.fixture
def gpu(host: Any) -> Gpu:
    """The host, warm, not on hold and in no restart's period."""
    found = Gpu(host)
    found.run(f"ollama-warmup release && systemctl stop {RESTART}")
    found.put_right()
    return found


class Passes:
    """The passes that were skipped, and those that were made, since this began to look."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        self._now = {True: set[str](), False: set[str]()}
        self._first = gpu.show(PASS, "InvocationID")[0]

    def wait(self, skipped: bool, count: int = 2) -> None:
        """Return once so many have ended so, the one of the beginning left out."""
        eventually(lambda: self._ended(skipped) >= count)

    def _ended(self, skipped: bool) -> int:
        invocation, state, result = self._gpu.show(PASS, "InvocationID", "ActiveState", "Result")
        if invocation != self._first and state == "inactive":
            self._now[result == "exec-condition"].add(invocation)
        return len(self._now[skipped])
