# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a restart of the server is what is left to do, and the file that asks for it.

The agent may not restart anything. A path unit sees the file, and a unit of root's restarts the server: once, and then it
sees no file until its period is over. So the file says `now`; how often is not the agent's to decide.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from keepwarm._base.files import create_empty
from keepwarm._residency.decide.drifts import SPILLED, STUCK

from ..events import Event
from ..journal import WARNING, log
from ..state.state import LastPass


def trouble_of(models: Iterable[Mapping[str, Any]]) -> str | None:
    """What a restart may cure, in a sentence: a model past its expiry, or one that is wholly on the CPU and should not be."""
    for model in models:
        if STUCK in model["drift"]:
            return f"{model['name']} is stuck past its expiry"
        listed = model["after"]
        if SPILLED in model["drift"] and listed and listed["size_vram"] == 0:
            return f"{model['name']} runs entirely on the CPU: the server has lost its GPU, or never found it"
    return None


def since_when(before: LastPass | None, end: LastPass) -> LastPass:
    """The pass with the moment from which its trouble has stood, at this start of the server."""
    if end.trouble is None:
        return end
    known = before.trouble_since if before is not None and before.server == end.server else None
    return replace(end, trouble_since=end.at if known is None else min(known, end.at))  # a clock that was put back begins anew


def is_due(before: LastPass | None, end: LastPass, after: float) -> bool:
    """Whether the trouble has been seen by two passes at least, and for `after` seconds. A server of another machine is not ours."""
    if end.server is None or end.trouble_since is None:
        return False
    seen_before = before is not None and before.trouble_since == end.trouble_since
    return seen_before and end.at - end.trouble_since >= after


class RestartRequest:
    """`path` is below /run, in the agent's own folder."""

    def __init__(self, path: str) -> None:
        self._path = path

    def news(self, trouble: str | None) -> list[Event]:
        """What is to be told before `say`: that a restart is asked for, once."""
        asks = trouble is not None and not os.path.lexists(self._path)
        return [Event(WARNING, "restart_requested", {"reason": trouble})] if asks else []

    def say(self, trouble: str | None) -> None:
        """It stands as long as the trouble does: one that stayed would restart a server that is well."""
        if trouble is None:
            self.remove()
        elif not os.path.lexists(self._path):
            self._put()

    def remove(self) -> None:
        """Also before a pass that is skipped."""
        with suppress(OSError):
            os.unlink(self._path)

    def _put(self) -> None:
        try:
            create_empty(self._path)
        except OSError as error:
            log(WARNING, "restart_not_requested", path=self._path, reason=error.strerror)
