# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of a unit. Needs no privilege."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .background import Background

SECONDS = 10.0
Run = Callable[[Sequence[str]], "tuple[int, str, str]"]
"""Runs a command: exit status, standard output, standard error."""


def show(run: Run, unit: str, properties: Sequence[str], seconds: float = SECONDS) -> dict[str, str]:
    """The unit's properties by name; empty where systemd does not tell within so many seconds."""
    call = Background(lambda: run(["systemctl", "show", "--property", ",".join(properties), "--", unit]))
    if not call.wait(seconds):
        return {}
    pairs = (line.partition("=") for line in call.result()[1].splitlines())
    return {key: value for key, equals, value in pairs if equals}
