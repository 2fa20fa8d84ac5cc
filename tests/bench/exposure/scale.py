# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time passes faster here: every period, delay, keep_alive and load is a real one divided by one factor; what is measured is multiplied by it.

What programs themselves take (starting Python, systemd's work) is not shorter, so that it counts this many times what it would: against all,
and most against those who start a program for each pass.
"""

from __future__ import annotations

FACTOR = 20

# In seconds of a real host.
LOAD = 20.0  # one model of some gigabytes from a local disk
PERIOD = 240.0  # the collection's and the heartbeat's
JITTER = 20.0
CRON = 300.0
CLIENTS_STAY = 300.0  # what a client sends as its keep_alive
UNDECLARED_STAY = 1800.0  # the role's default
RESTART_DELAY = 3.0  # RestartSec= of the vendor's unit
WINDOW = 600.0  # after each event

PINS = ("tiny-a", "tiny-b")
STRAY = "tiny-c"


def scaled(seconds: float) -> str:
    """As systemd and Ollama read a duration."""
    return f"{round(seconds * 1000 / FACTOR)}ms"
