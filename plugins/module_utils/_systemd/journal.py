# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a unit's journal says of a server that does not come up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .._base.systemctl import Run
from .._base.text import one_line

_LINES = 200
_ERROR = re.compile(r"^Error: |^panic: |\blevel=ERROR\b|: Failed (?:to|at step) |: Failed with result|no space left on device|permission denied", re.IGNORECASE)
_AFTERWARDS = re.compile(r"Failed with result|Scheduled restart job|Start request repeated too quickly|Main process exited")


def last_error(run: Run, unit: str) -> str | None:
    """The last line that tells of an error, on one line; None where the journal has none, or cannot be read."""
    command = ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--lines={_LINES}", f"--unit={unit}"]
    status, output, dummy = run(command)
    return pick_error(output.splitlines()) if status == 0 else None


def pick_error(lines: Sequence[str]) -> str | None:
    """The server's or the start's own words come before what systemd then says of every failure."""
    errors = [line for line in lines if _ERROR.search(line)]
    own = [line for line in errors if not _AFTERWARDS.search(line)]
    found = (own or errors)[-1:]
    return one_line(found[0]) if found else None
