# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the host, asked with a deadline: nothing that a broken host does may hold the doctor up."""

from __future__ import annotations

from collections.abc import Sequence

from .._base.background import Background
from .._base.systemctl import Run

NOT_FOUND = 127
"""As a shell has it."""
_TOO_SLOW = 124  # as timeout(1) has it
_SECONDS = 20.0


def patient(run: Run, seconds: float = _SECONDS) -> Run:
    """The same, for so long. A program that hangs in the kernel cannot even be killed, so that it is left behind instead."""

    def ask(command: Sequence[str]) -> tuple[int, str, str]:
        call = Background(lambda: run(command))
        if call.wait(seconds):
            return call.result()
        return _TOO_SLOW, "", f"{command[0]} did not end within {seconds:g} s"

    return ask
