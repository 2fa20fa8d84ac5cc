# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a module is, in a file that somebody else reads meanwhile: a module cannot speak before it ends."""

from __future__ import annotations

import json
import os
from types import TracebackType
from typing import Callable

from ._base.files import replace_file
from ._residency.server.transfer import Progress

_LEAST_PAUSE = 0.5  # seconds between two lines that say the same but for the number of bytes


class ProgressFile:
    """One JSON object, replaced in one step: `model`, `text`. Without a path it does nothing."""

    def __init__(self, path: str | None, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._written = float("-inf")
        self._status = ""

    def __enter__(self) -> ProgressFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._path and os.path.exists(self._path):
            os.unlink(self._path)

    def tell(self, model: str, progress: Progress) -> None:
        """Write it down, unless the last was a moment ago."""
        now = self._clock()
        status = f"{model} {progress.status}"
        if not self._path or (status == self._status and now - self._written < _LEAST_PAUSE):
            return
        self._status, self._written = status, now
        replace_file(self._path, json.dumps({"model": model, "text": str(progress)}).encode(), durable=False)
