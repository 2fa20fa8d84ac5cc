# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Being told to stop: an exception in the main thread, so that what was learnt is saved on the way out."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


class Interrupted(BaseException):
    """SIGTERM or SIGINT came. No `Exception`, so that nothing takes it for a failure of the server."""


def install_signal_handlers() -> None:
    """From now on the first signal raises `Interrupted` and later ones are ignored: saving must not be cut short."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    for other in (signal.SIGTERM, signal.SIGINT):
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(signal.Signals(number).name)
