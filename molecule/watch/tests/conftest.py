# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A warm host whose runners are watched, and on which nothing else ever makes a pass."""

from __future__ import annotations

from typing import Any

import pytest
from shared.gpu import FIND_WATCH, PASS, SERVER, TIMER, WATCH, Gpu, eventually


class Watched(Gpu):
    """What the kernel tells of the watch."""

    @property
    def process(self) -> str:
        """Its process id."""
        return self.show(WATCH, "MainPID")[0]

    def watches_all(self) -> bool:
        """The server's process, the runners of both pins, and no other."""
        processes = self.run(f"server=$(systemctl show --property=MainPID --value {SERVER}); echo $server; pgrep --parent $server || true").split()
        return len(processes) == 3 and self.watched() == set(processes)

    def is_asleep(self) -> bool:
        """In poll(2), without a timeout: nothing but an event will ever end that. And no pass is running."""
        call, state = self.run(f"{FIND_WATCH}; cat /proc/$watch/syscall; systemctl show --property=ActiveState --value {PASS}").splitlines()
        words = call.split()
        return words[0] == "7" and int(words[3], 16) & 0xFFFFFFFF == 0xFFFFFFFF and state == "inactive"

    def is_as_before(self) -> bool:
        """Warm, watched, and calm again."""
        return self.watches_all() and self.is_asleep() and self.is_warm()


@pytest.fixture
def gpu(host: Any) -> Watched:
    """The host, warm and watched by a watch that has seen nothing yet, whatever the test before did to it."""
    found = Watched(host)
    found.run(f"systemctl stop {TIMER}")
    found.run(f"systemctl start {SERVER} {PASS}")
    found.run(f"systemctl restart {WATCH}")
    eventually(found.is_as_before)
    return found
