# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is warm before each test, whatever the test before did to it."""

from __future__ import annotations

from typing import Any

import pytest
from shared.gpu import PASS, SERVER, Gpu, eventually


class Host(Gpu):
    """What these tests count."""

    def runners(self) -> dict[str, int]:
        """The process of each resident, which is another one after any load; by the side door, which no fault closes."""
        found: dict[str, int] = self.door("runners")
        return found

    def loads(self) -> dict[str, dict[str, int]]:
        """What the server started, replaced, pushed out and gave up since it was last asked to count anew."""
        counted = self.door("counters")
        return {key: counted[key] for key in ("loads", "reloads", "evictions", "aborted_loads") if counted[key]}

    def see_passes(self, count: int) -> None:
        """Return when so many passes began after now."""
        seen = set(self.show(PASS, "InvocationID"))
        wanted = len(seen) + count

        def enough() -> bool:
            seen.update(self.show(PASS, "InvocationID"))
            return len(seen) >= wanted

        eventually(enough)


@pytest.fixture
def gpu(host: Any) -> Host:
    """The host, warm, its passes begun by its timer, its counts at zero."""
    found = Host(host)
    found.run(f"systemctl start {SERVER}")
    found.door("clear")
    found.door("clock", "skew=0")
    found.put_right()
    found.door("counters", "reset=true")
    return found


@pytest.fixture
def calm(gpu: Host) -> Host:
    """The same without any pass but those that the test asks for."""
    gpu.calm()
    gpu.door("counters", "reset=true")
    return gpu
