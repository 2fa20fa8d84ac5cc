# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that lets ollama-warm.target start.

systemd starts the units of `OnSuccess=` after a pass that was skipped or told to stop, too (seen with 252 and 257);
the target's condition on this file holds it back. It is a link to the server's process, and leads nowhere once that is gone:
a server that is stopped while a pass ends would have the target started after it.
"""

from __future__ import annotations

import os
from contextlib import suppress

from keepwarm._base.files import create_empty

from ..journal import WARNING, log


class WarmMark:
    """`path` is below /run: what a reboot must not survive."""

    def __init__(self, path: str) -> None:
        self._path = path

    def say(self, warm: bool, server: int | None = None) -> None:
        """How a pass ended. `server` is the number of the server's process, where that is this machine's."""
        self.remove()
        if warm:
            self._put(server)

    def remove(self) -> None:
        """Before a pass, since it may not come to its end, or in place of one."""
        with suppress(OSError):
            os.unlink(self._path)

    def _put(self, server: int | None) -> None:
        try:
            if server is None:
                create_empty(self._path)
            else:
                os.symlink(f"/proc/{server}", self._path)
        except OSError as error:
            log(WARNING, "warm_mark_not_set", path=self._path, reason=error.strerror)
