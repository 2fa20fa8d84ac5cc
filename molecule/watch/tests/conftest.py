# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A warm host whose runners are watched, and on which nothing else ever makes a pass."""

from __future__ import annotations

from typing import Any

import pytest
from shared.gpu import PASS, SERVER, TIMER, Gpu, eventually

WATCH = "ollama-warmup-watch.service"


class Watched(Gpu):
    """What the kernel tells of the watch."""

    @property
    def process(self) -> str:
        """Its process id."""
        return self.show(WATCH, "MainPID")[0]

    def watched(self) -> set[str]:
        """The processes that it has a pidfd of."""
        lines = self.run(f"cat /proc/{self.process}/fdinfo/*").splitlines()
        return {line.split()[1] for line in lines if line.startswith("Pid:")}

    def watches_all(self) -> bool:
        """The server's process, those of both pins, and no other."""
        return self.watched() == {self.show(SERVER, "MainPID")[0], self.runner("tiny-a"), self.runner("embed")}

    def is_asleep(self) -> bool:
        """In poll(2), without a timeout: nothing but an event will ever end that."""
        call = self.run(f"cat /proc/{self.process}/syscall").split()
        return call[0] == "7" and int(call[3], 16) & 0xFFFFFFFF == 0xFFFFFFFF

    def is_as_before(self) -> bool:
        """Warm, watched, and calm again."""
        return self.is_warm() and self.watches_all() and self.is_asleep() and self.show(PASS, "ActiveState") == ["inactive"]


@pytest.fixture
def gpu(host: Any) -> Watched:
    """The host, warm and watched by a watch that has seen nothing yet, whatever the test before did to it."""
    found = Watched(host)
    found.run(f"systemctl stop {TIMER}")
    found.run(f"systemctl start {SERVER} {PASS}")
    found.run(f"systemctl restart {WATCH}")
    eventually(found.is_as_before)
    return found
