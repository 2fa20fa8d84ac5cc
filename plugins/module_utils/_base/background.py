# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call in a thread of its own, so that the caller can look after other things meanwhile."""

from __future__ import annotations

import threading
from typing import Callable, Generic, TypeVar

_Value = TypeVar("_Value")


class Background(Generic[_Value]):
    """A daemon thread: when the program is told to stop, it does not wait for a load of minutes. The connection
    closes with the process, and the server then aborts the load (server semantics, section 3)."""

    def __init__(self, call: Callable[[], _Value]) -> None:
        self._call = call
        self._values: list[_Value] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> _Value:
        """What the call returned; raises what it raised. Only after C(wait) said so."""
        if self._error is not None:
            raise self._error
        return self._values[0]

    def _run(self) -> None:
        try:
            self._values.append(self._call())
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error
