# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that lets ollama-warm.target start.

systemd starts the units of C(OnSuccess=) after a pass that was skipped or told to stop, too (seen with 252 and 257);
the target's condition on this file holds it back.
"""

from __future__ import annotations

import os
from contextlib import suppress

from .journal import WARNING, log


class WarmMark:
    """C(path) is below /run: what a reboot must not survive."""

    def __init__(self, path: str) -> None:
        self._path = path

    def say(self, warm: bool) -> None:
        """How a pass ended."""
        if warm:
            self._put()
        else:
            self.remove()

    def remove(self) -> None:
        """Before a pass, since it may not come to its end, or in place of one."""
        with suppress(OSError):
            os.unlink(self._path)

    def _put(self) -> None:
        try:
            with open(self._path, "w", encoding="ascii"):
                pass
        except OSError as error:
            log(WARNING, "warm_mark_not_set", path=self._path, reason=error.strerror)
